import { Injectable } from '@nestjs/common';
import type { Camera } from '../cameras/cameras.store.js';
import { AppError } from '@nightjar/runtime';
import type { LiveFeed } from './live-feed.js';
import { LiveFeeds } from './live-feeds.js';
import type { MediaName } from './parse-media-name.js';
import { hasReached, renderPlaylist, segmentsOf } from './render-playlist.js';

/** A camera that nobody watched has to be connected to, and a first segment has to end. */
const beginMsMax = 12_000;
/** Three times the longest segment: a request that blocks is answered by then. */
const blockMsMax = 12_000;
/** Requests of this process that wait at a time; more are 503. */
const waitingMax = 512;

/** Up to where a playlist must reach before it is sent (`_HLS_msn`, `_HLS_part`). */
interface AwaitedPart {
  segment: number;
  part: number | undefined;
}

/** Live video as (Low-Latency) HLS, from the same feed as all other viewers. */
@Injectable()
export class HlsService {
  private waiting = 0;

  constructor(private readonly feeds: LiveFeeds) {}

  /**
   * @param query goes behind each address in the playlist
   * @throws AppError `unavailable` while the camera gives no video or the awaited part does not come, `invalid_argument` for a part
   *   that is far ahead, `overloaded`
   */
  async playlist(camera: Camera, { awaited, query }: { awaited: AwaitedPart | undefined; query: string }): Promise<string> {
    const feed = this.play(camera);
    const render = () => feed.session && renderPlaylist({ sessionId: feed.session.id, parts: feed.held, query });
    if (awaited) {
      const newest = feed.held.at(-1)?.segment;
      if (newest !== undefined && awaited.segment > newest + 2) throw new AppError('invalid_argument', 'the playlist is not nearly there');
      return this.found(feed, () => (hasReached(feed.held, awaited) ? render() : undefined), blockMsMax);
    }
    // Players that know no parts need a whole segment to begin with.
    return this.found(feed, () => (segmentsOf(feed.held).length > 1 ? render() : undefined), beginMsMax);
  }

  /** @throws AppError `not_found` for what is not there any more, or never will be; `unavailable`, `overloaded` as `playlist` */
  async media(camera: Camera, name: Exclude<MediaName, { kind: 'playlist' }>): Promise<Buffer> {
    const feed = this.play(camera);
    if (name.kind === 'init') {
      if (feed.session?.id === name.sessionId) return feed.session.init;
      throw gone();
    }
    const isNear = () => {
      const newest = feed.held.at(-1);
      return newest !== undefined && (newest.segment === name.segment || newest.segment + 1 === name.segment);
    };
    const found = findMedia(feed, name);
    if (found) return found;
    // The part that was hinted at is on its way.
    if (name.kind !== 'part' || !isNear()) throw gone();
    return this.found(feed, () => findMedia(feed, name) ?? (isNear() ? undefined : Buffer.alloc(0)), blockMsMax).then((bytes) => {
      if (bytes.length === 0) throw gone();
      return bytes;
    });
  }

  private play(camera: Camera): LiveFeed {
    const feed = this.feeds.open(camera.id, 'main');
    feed.notePlayed();
    return feed;
  }

  private async found<Found>(feed: LiveFeed, find: () => Found | undefined, timeoutMs: number): Promise<Found> {
    if (this.waiting >= waitingMax) throw new AppError('overloaded', 'too many players wait', { retryAfterMs: 1_000 });
    this.waiting++;
    try {
      const found = await feed.wait(find, timeoutMs);
      if (found === undefined) throw new AppError('unavailable', 'the camera gives no live video', { retryAfterMs: 2_000 });
      return found;
    } finally {
      this.waiting--;
    }
  }
}

function findMedia(feed: LiveFeed, name: { kind: 'segment'; segment: number } | { kind: 'part'; segment: number; index: number }) {
  if (name.kind === 'part') return feed.held.find(({ index, segment }) => segment === name.segment && index === name.index)?.bytes;
  const segments = segmentsOf(feed.held);
  const position = segments.findIndex(({ id }) => id === name.segment);
  // The newest one is not whole yet.
  const segment = position === segments.length - 1 ? undefined : segments[position];
  return segment && Buffer.concat(segment.parts.map(({ bytes }) => bytes));
}

function gone(): AppError {
  return new AppError('not_found', 'not in the playlist (any more)');
}
