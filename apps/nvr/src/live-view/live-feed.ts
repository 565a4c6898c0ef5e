import { EventEmitter, once } from 'node:events';
import { readLiveView, type LiveViewPart } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, deadlineSignal, pause, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { StreamKind } from '../cameras/camera-connections.js';
import { describeInit } from './codec-string.js';

/** Longest wait of one question; the recorder answers as soon as there is something. */
const waitMs = 3_000;
const answerMsMax = waitMs + 3_000;
const retryMs = 1_000;
/** What players of HLS find: three of the longest segments, and one that is being fetched while it leaves the list. */
const windowMs = 16_000;
/** Full: the oldest segments leave early, and a segment that alone is longer is not kept. Who is up to date gets its parts all the same. */
const windowBytesMax = 24 * 1024 * 1024;
/** Without a request for so long no player of HLS is left. */
const hlsInterestMs = 15_000;

/** One connection to the camera, as players see it. */
export interface FeedSession {
  id: number;
  init: Buffer;
  /** As RFC 6381 has it; undefined for a codec that no browser plays. */
  codec: string | undefined;
  /** FFmpeg's name. */
  videoCodec: string;
}

/** One fragment, whole. */
export interface FeedPart {
  seq: number;
  segment: number;
  index: number;
  isKeyFrame: boolean;
  durationMs: number;
  capturedUnixMs: number;
  bytes: Buffer;
}

/** Who gets everything as it comes. */
export interface FeedListener {
  /** A new connection, before its first part; undefined: the camera is away. */
  takeSession(session: FeedSession | undefined): void;
  /** @param follows false when parts before it were lost */
  takePart(part: FeedPart, follows: boolean): void;
}

/**
 * Live video of one stream of a camera in this process, read once from the recorder for all who watch here. Keeps what a new viewer begins with,
 * and while somebody plays HLS also the segments of its list.
 */
export class LiveFeed {
  session: FeedSession | undefined;
  private parts: FeedPart[] = [];
  private heldBytes = 0;
  private unfinished: { about: LiveViewPart; bytes: Buffer } | undefined;
  private lastSeq = -1;
  private playedAtMs = Number.NEGATIVE_INFINITY;
  private readonly listeners = new Set<FeedListener>();
  /** Tells `news` to all who wait, however many. */
  private readonly teller = new EventEmitter().setMaxListeners(0);
  private readonly stopping = new AbortController();

  constructor(private readonly options: { cameraId: number; stream: StreamKind; bus: Bus; clock: Clock; logger: Logger }) {
    void this.readForEver();
  }

  get isWatched(): boolean {
    return this.listeners.size > 0 || this.isPlayed;
  }

  /** What is held, oldest first. */
  get held(): readonly FeedPart[] {
    return this.parts;
  }

  /** Gives the listener what there is, then what comes. @returns ends it */
  listen(listener: FeedListener): () => void {
    listener.takeSession(this.session);
    this.parts.slice(this.newestKeyFrame()).forEach((part, position) => listener.takePart(part, position > 0));
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A player of HLS asked: segments are kept for the next while. */
  notePlayed(): void {
    this.playedAtMs = this.options.clock.monotonicMs();
  }

  /** @returns what `find` finds, as soon as it finds something, or undefined when the time is over */
  async wait<Found>(find: () => Found | undefined, timeoutMs: number): Promise<Found | undefined> {
    const deadline = deadlineSignal(timeoutMs, this.stopping.signal);
    for (;;) {
      const found = find();
      if (found !== undefined || deadline.aborted) return found;
      await once(this.teller, 'news', { signal: deadline }).catch(() => undefined);
    }
  }

  stop(): void {
    this.stopping.abort(new AppError('unavailable', 'the live view ends'));
  }

  private get isPlayed(): boolean {
    return this.options.clock.monotonicMs() - this.playedAtMs < hlsInterestMs;
  }

  private async readForEver(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.readOnce();
      } catch (error) {
        if (signal.aborted) return;
        const { code, message } = toAppError(error);
        this.options.logger.debug('live video cannot be read, it is tried again', { cameraId: this.options.cameraId, reason: message });
        // Nobody there: who watches should know. An answer that was only late changes nothing.
        if (code !== 'deadline_exceeded') this.leaveSession();
        await pause(retryMs, signal);
      }
    }
  }

  private async readOnce(): Promise<void> {
    const { bus, cameraId, stream } = this.options;
    const request = {
      camera_id: cameraId,
      stream,
      session_id: this.session?.id ?? null,
      after_seq: this.lastSeq,
      offset: this.unfinished?.bytes.length ?? 0,
      wait_ms: waitMs,
    };
    const { body, value } = await bus.requestWithBody(readLiveView, request, { timeoutMs: answerMsMax, signal: this.stopping.signal });
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    if (!value.session) return this.leaveSession();
    if (value.init_bytes > 0) this.enterSession(value.session, bytes.subarray(0, value.init_bytes));
    let offset = value.init_bytes;
    for (const part of value.parts) this.takePiece(part, bytes.subarray(offset, (offset += part.bytes)));
  }

  private enterSession(session: { id: number; video_codec: string }, init: Buffer): void {
    this.forget();
    const { bytes, codec } = describeInit(init);
    this.session = { id: session.id, init: bytes, codec, videoCodec: session.video_codec };
    for (const listener of this.listeners) listener.takeSession(this.session);
    this.teller.emit('news');
  }

  private leaveSession(): void {
    if (!this.session) return;
    this.session = undefined;
    this.forget();
    for (const listener of this.listeners) listener.takeSession(undefined);
    this.teller.emit('news');
  }

  private takePiece(about: LiveViewPart, piece: Buffer): void {
    const begun = this.unfinished?.about.seq === about.seq ? this.unfinished.bytes : Buffer.alloc(0);
    this.unfinished = undefined;
    // Of a part whose begin was given up meanwhile: it comes again from its first byte.
    if (begun.length !== about.offset) return;
    const bytes = begun.length === 0 ? piece : Buffer.concat([begun, piece]);
    if (bytes.length < about.size_bytes) this.unfinished = { about, bytes };
    else this.takePart(about, bytes);
  }

  private takePart(about: LiveViewPart, bytes: Buffer): void {
    const follows = about.seq === this.lastSeq + 1;
    if (!follows) this.forget();
    this.lastSeq = about.seq;
    const part: FeedPart = {
      seq: about.seq,
      segment: about.segment,
      index: about.index,
      isKeyFrame: about.starts_with_key_frame,
      durationMs: about.duration_ms,
      capturedUnixMs: about.captured_unix_ms,
      bytes,
    };
    this.parts.push(part);
    this.heldBytes += bytes.length;
    this.trim();
    for (const listener of this.listeners) listener.takePart(part, follows);
    this.teller.emit('news');
  }

  /** What is older than the window goes, by whole segments; without a player of HLS, all before the newest key frame. */
  private trim(): void {
    if (this.isPlayed) this.trimSegments();
    else this.drop(this.newestKeyFrame());
    if (this.heldBytes > windowBytesMax) this.drop(this.parts.length);
  }

  private trimSegments(): void {
    const newest = this.parts.at(-1);
    while (newest) {
      const next = this.parts.findIndex(({ segment }) => segment !== this.parts[0]?.segment);
      const first = this.parts[next];
      const isOld = first && newest.capturedUnixMs + newest.durationMs - first.capturedUnixMs >= windowMs;
      if (!first || !(isOld || this.heldBytes > windowBytesMax)) return;
      this.drop(next);
    }
  }

  private drop(count: number): void {
    for (const { bytes } of this.parts.splice(0, count)) this.heldBytes -= bytes.length;
  }

  private newestKeyFrame(): number {
    return Math.max(
      0,
      this.parts.findLastIndex(({ isKeyFrame }) => isKeyFrame),
    );
  }

  private forget(): void {
    this.parts = [];
    this.heldBytes = 0;
    this.unfinished = undefined;
    this.lastSeq = -1;
  }
}
