import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@nightjar/messaging';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import type { StreamKind } from '../cameras/camera-connections.js';
import { CLOCK, LOGGER } from '../process-parts.js';
import { LiveFeed } from './live-feed.js';

/** Streams of cameras that are watched through this process at a time; more are 503. */
const feedsMax = 64;
const sweepMs = 2_000;

/** The live video that is watched through this process: one feed a stream, for as long as somebody watches. */
@Injectable()
export class LiveFeeds implements OnModuleDestroy {
  /** By camera and stream. */
  private readonly feeds = new Map<string, LiveFeed>();
  private readonly sweeper = setInterval(() => this.sweep(), sweepMs);

  constructor(
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  hasRoomFor(cameraId: number, stream: StreamKind): boolean {
    return this.feeds.has(keyOf(cameraId, stream)) || this.feeds.size < feedsMax;
  }

  /** The feed of a stream; listen to it or play it at once, or it goes again. @throws AppError `overloaded` */
  open(cameraId: number, stream: StreamKind): LiveFeed {
    const key = keyOf(cameraId, stream);
    const known = this.feeds.get(key);
    if (known) return known;
    if (!this.hasRoomFor(cameraId, stream))
      throw new AppError('overloaded', 'too many cameras are watched at once', { retryAfterMs: 5_000 });
    const feed = new LiveFeed({ cameraId, stream, bus: this.bus, clock: this.clock, logger: this.logger });
    this.feeds.set(key, feed);
    return feed;
  }

  onModuleDestroy(): void {
    clearInterval(this.sweeper);
    for (const feed of this.feeds.values()) feed.stop();
    this.feeds.clear();
  }

  private sweep(): void {
    for (const [key, feed] of this.feeds) {
      if (feed.isWatched) continue;
      feed.stop();
      this.feeds.delete(key);
    }
  }
}

function keyOf(cameraId: number, stream: StreamKind): string {
  return `${cameraId} ${stream}`;
}
