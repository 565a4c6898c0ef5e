import { toAppError, type Clock } from '@nightjar/runtime';
import type { WebSocket } from 'ws';
import type { FeedListener, FeedPart, FeedSession } from './live-feed.js';

/** Full: what comes is left out until the socket is nearly empty again, and then from the next key frame on. */
const bufferedBytesMax = 2 * 1024 * 1024;
const bufferedBytesLow = 256 * 1024;
/** A viewer who takes nothing for so long is cut off. */
const stalledMsMax = 30_000;
/** A viewer who leaves so many pings unanswered has gone without a word. */
const pingsUnansweredMax = 6;
const closeCodes = { over: 1001, refused: 1008 } as const;

/** What a viewer is told in text; the bytes of the video are the binary messages between. */
type ViewerMessage =
  /** The camera gives no live video at the moment. */
  | { event: 'waiting' }
  /** A new stream: next come its init segment, then fragments, the first one with a key frame. */
  | { event: 'begin'; mime: string | null; video_codec: string; session: number; start_unix_ms: number }
  /** The viewer was too slow: so much is missing before the next message. */
  | { event: 'skipped'; duration_ms: number };

/** One viewer on a WebSocket. */
export class SocketViewer implements FeedListener {
  private session: FeedSession | undefined;
  /** The stream's begin is told with its first part, which knows the time. */
  private isBegun = false;
  private isSkipping = false;
  private skippedMs = 0;
  private fullSinceMs: number | undefined;
  private pingsUnanswered = 0;

  /** @param options.revalidate asks again whether the viewer may watch. @throws AppError */
  constructor(private readonly options: { socket: WebSocket; clock: Clock; revalidate: () => Promise<void> }) {
    const { socket } = options;
    socket.on('pong', () => (this.pingsUnanswered = 0));
    // A message that is too long, or no WebSocket at all: the package closes the socket itself.
    socket.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return this.options.socket.readyState === this.options.socket.OPEN;
  }

  takeSession(session: FeedSession | undefined): void {
    this.session = session;
    this.isBegun = false;
    this.isSkipping = false;
    this.skippedMs = 0;
    if (!session) this.say({ event: 'waiting' });
  }

  takePart(part: FeedPart, follows: boolean): void {
    const { session } = this;
    if (!session || !this.isOpen) return;
    const { socket } = this.options;
    if (!follows || socket.bufferedAmount > bufferedBytesMax) this.isSkipping = this.isBegun;
    if (this.isSkipping || !this.isBegun) {
      if (!part.isKeyFrame || socket.bufferedAmount > bufferedBytesLow) {
        this.skippedMs += part.durationMs;
        this.fullSinceMs ??= this.options.clock.monotonicMs();
        return;
      }
      this.resume(session, part);
    }
    this.fullSinceMs = undefined;
    socket.send(part.bytes);
  }

  /** Called every few seconds: ends what is dead, stalled, or not allowed any more. A database that is away ends nothing. */
  async beat(): Promise<void> {
    if (!this.isOpen) return;
    const { clock, revalidate, socket } = this.options;
    const isStalled = this.fullSinceMs !== undefined && clock.monotonicMs() - this.fullSinceMs > stalledMsMax;
    if (this.pingsUnanswered >= pingsUnansweredMax || (isStalled && socket.bufferedAmount > bufferedBytesLow)) return socket.terminate();
    this.pingsUnanswered++;
    socket.ping();
    await revalidate().catch((error: unknown) => {
      if (!toAppError(error).retryable) this.end('refused');
    });
  }

  end(reason: keyof typeof closeCodes): void {
    this.options.socket.close(closeCodes[reason]);
  }

  private resume(session: FeedSession, part: FeedPart): void {
    if (!this.isBegun) {
      const { codec, id, init, videoCodec } = session;
      const mime = codec === undefined ? null : `video/mp4; codecs="${codec}"`;
      this.say({ event: 'begin', mime, video_codec: videoCodec, session: id, start_unix_ms: part.capturedUnixMs });
      this.options.socket.send(init);
    } else if (this.skippedMs > 0) this.say({ event: 'skipped', duration_ms: Math.round(this.skippedMs) });
    this.isBegun = true;
    this.isSkipping = false;
    this.skippedMs = 0;
  }

  private say(message: ViewerMessage): void {
    if (this.isOpen) this.options.socket.send(JSON.stringify(message));
  }
}
