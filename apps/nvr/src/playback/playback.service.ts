import { mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { joinFiles, joinList, readLastPicture, type FfmpegBinary } from '@nightjar/media';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import type { NvrConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { FFMPEG } from '../recorder/camera-recorders.js';
import { SegmentsStore } from '../segments/segments.store.js';
import type { TimeRange } from '../segments/segments.service.js';
import { streamClip } from './clip-stream.js';
import { cutSegment, type CutSegment } from './cut-segment.js';
import { Places } from './places.js';
import { planClip, withDurations, type ClipFile, type ClipPart } from './plan-clip.js';

/** Each is an FFmpeg of its own, which reads as fast as its client does. */
const clipsAtOnceMax = 4;
const picturesAtOnceMax = 4;
/** So long may an hour of video take over a slow line. */
const clipWallMs = 3_600_000;
/** A client that takes nothing for so long has gone without saying so. */
const stalledMsMax = 60_000;
/** Times are rounded to ms on their way. */
const roundingMs = 2;

/** A clip on its way out. */
export interface PlayedClip {
  /** Of the key frame that it begins with. */
  startUnixMs: number;
  endUnixMs: number;
  /** Fragmented MP4; fails when it can't be made to its end. */
  content: Readable;
}

/** Makes clips and pictures out of recorded files when they are asked for; nothing of them is kept. */
@Injectable()
export class PlaybackService {
  private readonly clipPlaces = new Places(clipsAtOnceMax);
  private readonly picturePlaces = new Places(picturesAtOnceMax);

  constructor(
    private readonly segments: SegmentsStore,
    @Inject(FFMPEG) private readonly ffmpeg: FfmpegBinary | undefined,
    @Inject(CONFIG) private readonly config: NvrConfig,
  ) {}

  /**
   * A clip of a range, from the key frame at or before its begin.
   * @param signal aborts when nobody wants it any more
   * @throws AppError `not_found` when nothing is recorded there, `conflict` for two codecs, `overloaded`, `unavailable` without FFmpeg
   */
  async playClip(cameraId: number, request: { range: TimeRange; signal: AbortSignal }): Promise<PlayedClip> {
    const { range, signal } = request;
    const ffmpeg = this.mustHaveFfmpeg();
    const overlapping = await this.segments.listOverlapping(cameraId, { from: new Date(range.fromUnixMs), to: new Date(range.toUnixMs) });
    const parts = planClip(overlapping, range);
    const leave = this.clipPlaces.take();
    const directory = await makePrivateDirectory().catch(releasing(leave));
    const release = async () => {
      leave();
      await rm(directory, { recursive: true, force: true });
    };
    try {
      const files = await this.prepareFiles(parts, { directory, signal });
      const [first, last] = [files[0], files.at(-1)];
      if (!first || !last) throw new AppError('not_found', 'nothing is recorded in this range');
      const listFile = path.join(directory, 'list');
      await writeFile(listFile, joinList(withDurations(files)), { mode: 0o600 });
      const process = joinFiles({ ffmpeg, listFile, signal, wallLimitMs: clipWallMs });
      try {
        const content = await streamClip(process, { stalledMsMax });
        // Whatever ends it: the clip, its client or a limit.
        void process.exited.then(release);
        return { startUnixMs: first.startUnixMs, endUnixMs: last.endUnixMs, content };
      } catch (error) {
        await process.stop();
        throw error;
      }
    } catch (error) {
      await release();
      throw error;
    }
  }

  /**
   * The picture that was shown at a moment, as JPEG.
   * @throws AppError `not_found` when nothing is recorded then, `overloaded`, `unavailable` without FFmpeg
   */
  async readPicture(cameraId: number, request: { atUnixMs: number; signal: AbortSignal }): Promise<Buffer> {
    const { atUnixMs, signal } = request;
    const ffmpeg = this.mustHaveFfmpeg();
    const range = { from: new Date(atUnixMs), to: new Date(atUnixMs + 1) };
    // Where files overlap, the later one began to be recorded last.
    const segment = (await this.segments.listOverlapping(cameraId, range)).at(-1);
    if (!segment) throw new AppError('not_found', 'nothing is recorded at this moment');
    const leave = this.picturePlaces.take();
    const directory = await makePrivateDirectory().catch(releasing(leave));
    try {
      const target = path.join(directory, 'part.mp4');
      const atMs = atUnixMs - segment.startsAt.getTime();
      const cut = await this.cut({ segment, fromMs: atMs, toMs: atMs + 1, isWhole: false }, { target, signal });
      const picture =
        cut && (await readPictureOf(cut, { ffmpeg, file: target, output: path.join(directory, 'picture.jpg'), atMs, signal }));
      if (!picture) throw new AppError('not_found', 'nothing is recorded at this moment');
      return picture;
    } finally {
      leave();
      await rm(directory, { recursive: true, force: true });
    }
  }

  private mustHaveFfmpeg(): FfmpegBinary {
    if (!this.ffmpeg) throw new AppError('unavailable', 'no FFmpeg was found: install it or set FFMPEG_PATH');
    return this.ffmpeg;
  }

  /** Whole files are read where they are; of the others what is wanted is copied. */
  private async prepareFiles(parts: readonly ClipPart[], work: { directory: string; signal: AbortSignal }): Promise<ClipFile[]> {
    const files: ClipFile[] = [];
    for (const part of parts) {
      const { endsAt, id, startsAt } = part.segment;
      const startsAtMs = startsAt.getTime();
      if (part.isWhole) {
        files.push({ path: await this.locate(part.segment.file), startUnixMs: startsAtMs, endUnixMs: endsAt.getTime() });
        continue;
      }
      const target = path.join(work.directory, `${id}.mp4`);
      const cut = await this.cut(part, { target, signal: work.signal });
      if (cut) files.push({ path: target, startUnixMs: startsAtMs + cut.startMs, endUnixMs: startsAtMs + cut.endMs });
    }
    return files;
  }

  private async cut(part: ClipPart, work: { target: string; signal: AbortSignal }): Promise<CutSegment | undefined> {
    const { fromMs, segment, toMs } = part;
    return cutSegment({ source: await this.locate(segment.file), sizeBytes: segment.sizeBytes, fromMs, toMs, ...work });
  }

  /** @throws AppError `not_found` when the file is gone, or not inside of the recordings directory */
  private async locate(file: string): Promise<string> {
    try {
      const root = await realpath(this.config.recordingsDir);
      const target = await realpath(path.join(root, file));
      if (target.startsWith(root + path.sep) && (await stat(target)).isFile()) return target;
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    }
    throw new AppError('not_found', 'a recording of this range is gone');
  }
}

async function readPictureOf(
  cut: CutSegment,
  options: { ffmpeg: FfmpegBinary; file: string; output: string; atMs: number; signal: AbortSignal },
): Promise<Buffer | undefined> {
  const { atMs, ...rest } = options;
  const toSeconds = (atMs - cut.startMs + roundingMs) / 1_000;
  const fromSeconds = Math.max(0, (cut.lastFragmentMs - cut.startMs - roundingMs) / 1_000);
  // A picture of the fragment before is still shown where pictures are seldom or come in another order than they are decoded.
  return (await readLastPicture({ ...rest, fromSeconds, toSeconds })) ?? readLastPicture({ ...rest, fromSeconds: 0, toSeconds });
}

/** Only for this user. */
function makePrivateDirectory(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'nightjar-play-'));
}

function releasing(leave: () => void): (error: unknown) => never {
  return (error) => {
    leave();
    throw error;
  };
}
