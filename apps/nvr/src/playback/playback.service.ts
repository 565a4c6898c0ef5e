import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { readLastPicture, type FfmpegBinary } from '@nightjar/media';
import { AppError, hasTimedOut, type Logger } from '@nightjar/runtime';
import { LOGGER } from '../process-parts.js';
import { FFMPEG } from '../recorder/camera-recorders.js';
import { SegmentsStore, type Segment } from '../segments/segments.store.js';
import { layOutClip, type ClipLayout } from './clip-layout.js';
import { sourcesOf } from './clips.service.js';
import { Places } from './places.js';
import { makePrivateDirectory, removeLeftDirectories } from './private-directories.js';
import { readClip } from './read-clip.js';
import { SegmentIndexes } from './segment-indexes.js';

/** Each is an FFmpeg of its own. */
const picturesAtOnceMax = 4;
/** Times are rounded to ms on their way. */
const roundingMs = 2;

/** Makes pictures out of recorded files when they are asked for; nothing of them is kept. */
@Injectable()
export class PlaybackService implements OnModuleInit {
  private readonly picturePlaces = new Places(picturesAtOnceMax, 'pictures');

  constructor(
    private readonly segments: SegmentsStore,
    private readonly indexes: SegmentIndexes,
    @Inject(FFMPEG) private readonly ffmpeg: FfmpegBinary | undefined,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    await removeLeftDirectories({ nowMs: Date.now() }).catch((error: unknown) =>
      this.logger.warn('parts of recordings that a killed process left cannot be removed', { error }),
    );
  }

  /**
   * The picture that was shown at a moment, as JPEG.
   * @throws AppError `not_found` when nothing is recorded then, `overloaded`, `unavailable` without FFmpeg, `deadline_exceeded` when a
   *   deadline ended the signal, `cancelled` when its caller did
   */
  async readPicture(cameraId: number, request: { atUnixMs: number; signal: AbortSignal }): Promise<Buffer> {
    const { atUnixMs } = request;
    const range = { from: new Date(atUnixMs), to: new Date(atUnixMs + 1) };
    // Where files overlap, the later one began to be recorded last.
    const segment = (await this.segments.listOverlapping(cameraId, range)).at(-1);
    if (!segment) throw nothingThen();
    return this.readPictureIn(segment, request);
  }

  /** The same in a file that is known, where others may be of that moment too. @throws as `readPicture` */
  async readPictureIn(segment: Segment, { atUnixMs, signal }: { atUnixMs: number; signal: AbortSignal }): Promise<Buffer> {
    const { ffmpeg } = this;
    if (!ffmpeg) throw new AppError('unavailable', 'no FFmpeg was found: install it or set FFMPEG_PATH');
    const leave = this.picturePlaces.take();
    let directory: string | undefined;
    try {
      directory = await makePrivateDirectory();
      const layout = layOutClip(sourcesOf([segment], await this.indexes.read([segment])), { fromUnixMs: atUnixMs, toUnixMs: atUnixMs + 1 });
      const file = path.join(directory, 'part.mp4');
      const bytes = { first: 0, last: layout.sizeBytes - 1 };
      const content = readClip(layout, { bytes, open: (name) => this.indexes.open(name) });
      await pipeline(content, createWriteStream(file, { mode: 0o600 }), { signal });
      const picture = await readPictureOf(layout, { ffmpeg, file, output: path.join(directory, 'picture.jpg'), atUnixMs, signal });
      if (!picture) throw nothingThen();
      return picture;
    } catch (error) {
      throw hasTimedOut(signal) ? new AppError('deadline_exceeded', 'the recording takes too long to be read', { cause: error }) : error;
    } finally {
      leave();
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    }
  }
}

async function readPictureOf(
  layout: ClipLayout,
  options: { ffmpeg: FfmpegBinary; file: string; output: string; atUnixMs: number; signal: AbortSignal },
): Promise<Buffer | undefined> {
  const { atUnixMs, ...rest } = options;
  const last = layout.pieces.at(-1);
  const lastPieceMs = last ? (last.decodeTicks * 1_000) / last.source.index.timescale : 0;
  const toSeconds = (atUnixMs - layout.startUnixMs + roundingMs) / 1_000;
  const fromSeconds = Math.max(0, (lastPieceMs - roundingMs) / 1_000);
  // A picture of the fragment before is still shown where pictures are seldom or come in another order than they are decoded.
  return (await readLastPicture({ ...rest, fromSeconds, toSeconds })) ?? readLastPicture({ ...rest, fromSeconds: 0, toSeconds });
}

function nothingThen(): AppError {
  return new AppError('not_found', 'nothing is recorded at this moment');
}
