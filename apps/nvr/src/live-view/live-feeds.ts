import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@nightjar/messaging';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import { CLOCK, LOGGER } from '../process-parts.js';
import { LiveFeed } from './live-feed.js';

/** Cameras that are watched through this process at a time; more are 503. */
const feedsMax = 64;
const sweepMs = 2_000;

/** The live video that is watched through this process: one feed a camera, for as long as somebody watches. */
@Injectable()
export class LiveFeeds implements OnModuleDestroy {
  private readonly feeds = new Map<number, LiveFeed>();
  private readonly sweeper = setInterval(() => this.sweep(), sweepMs);

  constructor(
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  hasRoomFor(cameraId: number): boolean {
    return this.feeds.has(cameraId) || this.feeds.size < feedsMax;
  }

  /** The feed of a camera; listen to it or play it at once, or it goes again. @throws AppError `overloaded` */
  open(cameraId: number): LiveFeed {
    const known = this.feeds.get(cameraId);
    if (known) return known;
    if (!this.hasRoomFor(cameraId)) throw new AppError('overloaded', 'too many cameras are watched at once', { retryAfterMs: 5_000 });
    const feed = new LiveFeed({ cameraId, bus: this.bus, clock: this.clock, logger: this.logger });
    this.feeds.set(cameraId, feed);
    return feed;
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
    for (const feed of this.feeds.values()) feed.stop();
    this.feeds.clear();
  }

  private sweep(): void {
    for (const [cameraId, feed] of this.feeds) {
      if (feed.isWatched) continue;
      feed.stop();
      this.feeds.delete(cameraId);
    }
  }
}
