import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock } from '@nightjar/runtime';
import type { StreamKind } from '../cameras/camera-connections.js';
import { CLOCK } from '../process-parts.js';
import { LiveParts, type LiveChunk, type LivePosition } from './live-parts.js';

/** Who watches asks again at least every few seconds; who has not asked for so long has gone. */
const interestMs = 10_000;
/** Streams that are watched at a time; more are 503. */
const watchedMax = 256;

/** One of the streams of a camera. */
export interface CameraStream {
  cameraId: number;
  stream: StreamKind;
}

/** The same text for the same stream. */
export function keyOf({ cameraId, stream }: CameraStream): string {
  return `${cameraId} ${stream}`;
}

interface Watched extends CameraStream {
  parts: LiveParts;
  askedAtMs: number;
}

/** Live video of all streams of this process, and which of them somebody watches. */
@Injectable()
export class LiveSources {
  private readonly streams = new Map<string, Watched>();
  /** Called when somebody begins to watch a stream that there is no source of yet. */
  onInterest: (() => void) | undefined;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Where the source of a stream puts what it gets. */
  partsOf(stream: CameraStream): LiveParts {
    return this.watched(stream).parts;
  }

  /** Streams that somebody watches now. */
  watchedStreams(): CameraStream[] {
    return [...this.streams.values()].filter((watched) => this.isWatched(watched));
  }

  /** What has neither a source nor a viewer is forgotten. @param sources their keys */
  keepOnly(sources: ReadonlySet<string>): void {
    for (const [key, watched] of this.streams) if (!sources.has(key) && !this.isWatched(watched)) this.streams.delete(key);
  }

  /** @throws AppError `overloaded` when too many streams are watched */
  async read(stream: CameraStream, position: LivePosition, waitMs: number): Promise<LiveChunk> {
    const wasWatched = this.isWatched(stream);
    if (!wasWatched && this.watchedStreams().length >= watchedMax)
      throw new AppError('overloaded', 'too many cameras are watched', { retryAfterMs: 5_000 });
    const watched = this.watched(stream);
    watched.askedAtMs = this.clock.monotonicMs();
    if (!wasWatched) this.onInterest?.();
    return watched.parts.read(position, waitMs);
  }

  private isWatched(stream: CameraStream): boolean {
    const askedAtMs = this.streams.get(keyOf(stream))?.askedAtMs ?? Number.NEGATIVE_INFINITY;
    return this.clock.monotonicMs() - askedAtMs < interestMs;
  }

  private watched({ cameraId, stream }: CameraStream): Watched {
    const key = keyOf({ cameraId, stream });
    const known = this.streams.get(key);
    if (known) return known;
    const parts = new LiveParts(this.clock, () => this.isWatched({ cameraId, stream }));
    const made = { cameraId, stream, parts, askedAtMs: Number.NEGATIVE_INFINITY };
    this.streams.set(key, made);
    return made;
  }
}
