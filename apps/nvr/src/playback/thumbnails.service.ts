import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { FfmpegProcess, inputArguments, type FfmpegBinary } from '@nightjar/media';
import { AppError, type Logger } from '@nightjar/runtime';
import type { ApiConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import { FFMPEG } from '../recorder/camera-recorders.js';
import { readBoxHeader } from '../mp4/mp4-boxes.js';
import type { TimeRange } from '../segments/segments.service.js';
import { SegmentsStore } from '../segments/segments.store.js';
import { sourcesOf } from './clips.service.js';
import { keyFrameBytes, toKeyFrame } from './key-frame-fragment.js';
import { Places } from './places.js';
import { makePrivateDirectory } from './private-directories.js';
import { chooseFiles, planSprite, type SpritePlan, type Thumbnail } from './plan-thumbnails.js';
import { SegmentIndexes } from './segment-indexes.js';
import { SpriteCache, type SpriteName } from './sprite-cache.js';

/** Each is an FFmpeg of its own. */
const spritesAtOnceMax = 2;
/** A hundred key frames are decoded. */
const wallLimitMs = 30_000;
const memoryBytesMax = 4 * 1024 ** 3;
const moofBytesMax = 1024 * 1024;
const retryAfterMs = 1_000;
const sweepEveryMs = 3_600_000;

/** Small pictures of a range, for scrubbing: key frames only, one FFmpeg for all of them, kept on disk. */
@Injectable()
export class ThumbnailsService implements OnModuleDestroy {
  private readonly places = new Places(spritesAtOnceMax, 'small pictures');
  /** Being made, by key: who asks for the same waits for the same. */
  private readonly making = new Map<string, Promise<Buffer>>();
  private readonly busyOwners = new Set<string>();
  private readonly cache: SpriteCache;
  private readonly sweeper = setInterval(() => (this.sweeping = this.sweep()), sweepEveryMs);
  private sweeping: Promise<void>;

  constructor(
    private readonly segments: SegmentsStore,
    private readonly indexes: SegmentIndexes,
    @Inject(FFMPEG) private readonly ffmpeg: FfmpegBinary | undefined,
    @Inject(CONFIG) config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.cache = new SpriteCache(config.thumbnailsDir);
    this.sweeping = this.sweep();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.sweeper);
    await this.sweeping;
  }

  /** @throws AppError `not_found` when nothing is recorded there */
  async plan(cameraId: number, request: { range: TimeRange; count: number }): Promise<SpritePlan> {
    const { count, range } = request;
    const recorded = await this.segments.listOverlapping(cameraId, { from: new Date(range.fromUnixMs), to: new Date(range.toUnixMs) });
    const files = chooseFiles(recorded, range, count);
    const chosen = files.map(({ segment }) => segment);
    const sources = sourcesOf(chosen, await this.indexes.read(chosen));
    const plan = planSprite(sources.map((source, position) => ({ source, momentsUnixMs: files[position]?.momentsUnixMs ?? [] })));
    if (!plan) throw new AppError('not_found', 'nothing is recorded in this range');
    return plan;
  }

  /**
   * The pictures of a plan of this camera as one JPEG. A caller has one made at a time.
   * @throws AppError `rate_limited`, `overloaded`, `unavailable` without FFmpeg
   */
  async read(owner: string, cameraUuid: string, plan: SpritePlan): Promise<Buffer> {
    const kept = { cameraUuid, key: plan.key };
    const known = this.making.get(plan.key) ?? (await this.cache.read(kept)) ?? this.making.get(plan.key);
    if (known) return known;
    if (this.busyOwners.has(owner)) throw new AppError('rate_limited', 'pictures are being made for you already', { retryAfterMs });
    const leave = this.places.take();
    this.busyOwners.add(owner);
    const made = this.make(kept, plan).finally(() => {
      leave();
      this.busyOwners.delete(owner);
      this.making.delete(plan.key);
    });
    this.making.set(plan.key, made);
    return made;
  }

  private async make(kept: SpriteName, plan: SpritePlan): Promise<Buffer> {
    const { ffmpeg } = this;
    if (!ffmpeg) throw new AppError('unavailable', 'no FFmpeg was found: install it or set FFMPEG_PATH');
    const directory = await makePrivateDirectory();
    try {
      const file = path.join(directory, 'keys.mp4');
      await this.writeKeyFrames(plan.thumbnails, file);
      const jpeg = await drawSprite(plan, { ffmpeg, file, output: path.join(directory, 'sprite.jpg') });
      await this.cache.write(kept, jpeg).catch((error: unknown) => {
        this.logger.warn('small pictures of recordings cannot be kept, they are made again each time', { error });
      });
      return jpeg;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  private async sweep(): Promise<void> {
    await this.cache.sweep().catch((error: unknown) => this.logger.warn('old small pictures of recordings cannot be removed', { error }));
  }

  /** One picture a second, whatever lay between them. */
  private async writeKeyFrames(thumbnails: readonly Thumbnail[], file: string): Promise<void> {
    const [first] = thumbnails;
    if (!first) return;
    await writeFile(file, first.source.index.init, { mode: 0o600 });
    for (const [position, { fragment, source }] of thumbnails.entries()) {
      const handle = await this.indexes.open(source.file);
      try {
        const readAt = async (bytes: number) => {
          const { bytesRead, buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, fragment.offset);
          if (bytesRead < bytes) throw new AppError('not_found', 'a recording of this range is gone');
          return buffer;
        };
        const header = readBoxHeader(await readAt(8));
        if (!header || header.sizeBytes > moofBytesMax) throw new AppError('unprocessable', 'a fragment has no begin');
        const moof = { type: header.type, bytes: await readAt(header.sizeBytes) };
        const bytes = await readAt(Math.min(keyFrameBytes(moof), fragment.endOffset - fragment.offset));
        const place = { sequence: position + 1, decodeTicks: position * source.index.timescale };
        await writeFile(file, toKeyFrame(bytes, fragment, place), { flag: 'a' });
      } finally {
        await handle.close();
      }
    }
  }
}

async function drawSprite(plan: SpritePlan, files: { ffmpeg: FfmpegBinary; file: string; output: string }): Promise<Buffer> {
  const { columns, rows, tileHeight, tileWidth } = plan;
  const { ffmpeg, file, output } = files;
  const process = FfmpegProcess.start({
    ffmpeg,
    arguments: [
      ...inputArguments({ kind: 'file', path: file }),
      ...['-map', '0:v:0', '-vf', `scale=${tileWidth}:${tileHeight},tile=${columns}x${rows}`, '-frames:v', '1'],
      ...['-f', 'image2', '-c:v', 'mjpeg', '-q:v', '5', '-update', '1', '-y', output],
    ],
    wallLimitMs,
    limits: { memoryBytes: memoryBytesMax, cpuSeconds: wallLimitMs / 1_000 },
  });
  for (const pipe of process.pipes) pipe.resume();
  const { code, stderrTail, stopped } = await process.exited;
  if (stopped === 'wall_limit') throw new AppError('deadline_exceeded', 'the pictures took too long to decode');
  if (code !== 0) throw new AppError('unprocessable', 'the recording cannot be decoded', { cause: new Error(stderrTail) });
  return readFile(output);
}
