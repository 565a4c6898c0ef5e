import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock } from '@nightjar/runtime';
import { CLOCK } from '../process-parts.js';
import { LiveParts, type LiveChunk, type LivePosition } from './live-parts.js';

/** Who watches asks again at least every few seconds; who has not asked for so long has gone. */
const interestMs = 10_000;
/** Cameras that are watched at a time; more are 503. */
const watchedMax = 256;

interface Watched {
  parts: LiveParts;
  askedAtMs: number;
}

/** Live video of all cameras of this process, and which of them somebody watches. */
@Injectable()
export class LiveSources {
  private readonly cameras = new Map<number, Watched>();
  /** Called when somebody begins to watch a camera that there is no source of yet. */
  onInterest: (() => void) | undefined;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** Where the source of a camera puts what it gets. */
  partsOf(cameraId: number): LiveParts {
    return this.watched(cameraId).parts;
  }

  /** Cameras that somebody watches now. */
  watchedIds(): number[] {
    return [...this.cameras.keys()].filter((cameraId) => this.isWatched(cameraId));
  }

  /** What has neither a source nor a viewer is forgotten. */
  keepOnly(cameraIds: ReadonlySet<number>): void {
    for (const cameraId of this.cameras.keys()) if (!cameraIds.has(cameraId) && !this.isWatched(cameraId)) this.cameras.delete(cameraId);
  }

  /** @throws AppError `overloaded` when too many cameras are watched */
  async read(cameraId: number, position: LivePosition, waitMs: number): Promise<LiveChunk> {
    const wasWatched = this.isWatched(cameraId);
    if (!wasWatched && this.watchedIds().length >= watchedMax)
      throw new AppError('overloaded', 'too many cameras are watched', { retryAfterMs: 5_000 });
    const watched = this.watched(cameraId);
    watched.askedAtMs = this.clock.monotonicMs();
    if (!wasWatched) this.onInterest?.();
    return watched.parts.read(position, waitMs);
  }

  private isWatched(cameraId: number): boolean {
    const askedAtMs = this.cameras.get(cameraId)?.askedAtMs ?? Number.NEGATIVE_INFINITY;
    return this.clock.monotonicMs() - askedAtMs < interestMs;
  }

  private watched(cameraId: number): Watched {
    const known = this.cameras.get(cameraId);
    if (known) return known;
    const made = { parts: new LiveParts(this.clock, () => this.isWatched(cameraId)), askedAtMs: Number.NEGATIVE_INFINITY };
    this.cameras.set(cameraId, made);
    return made;
  }
}
