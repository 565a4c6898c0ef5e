import { EventEmitter, once } from 'node:events';
import { liveViewBytesMax, type LiveViewPart, type LiveViewSession } from '@nightjar/contracts';
import { deadlineSignal, type Clock } from '@nightjar/runtime';
import type { VideoTrack } from '../mp4/parse-init-segment.js';
import type { Fragment } from './segment-writer.js';

/**
 * What is kept for viewers of one camera. Full: what is before the newest key frame to begin with goes, then that too, the oldest first. Who
 * is up to date goes on; the others begin with the next such key frame.
 */
const heldBytesMax = 16 * 1024 * 1024;
const partsMax = 256;
/** Fragments that decide on the clock: a minute, in which no camera's clock drifts much. */
const differencesMax = 256;
/** A media segment of HLS ends at the first key frame after this long, … */
const segmentMsMin = 1_000;
/** … and at the latest here, key frame or not: players are promised a longest segment. */
const segmentMsMax = 4_000;

/** What a reader has already. */
export interface LivePosition {
  sessionId: number | null;
  afterSeq: number;
  offset: number;
}

/** What came after a position. `bytes`: first the session's begin if it is new to the reader, then the parts. */
export interface LiveChunk {
  session: LiveViewSession | null;
  initBytes: number;
  parts: LiveViewPart[];
  bytes: Buffer;
}

interface HeldPart {
  about: Omit<LiveViewPart, 'offset' | 'bytes'>;
  /** Put together only when somebody reads them. */
  pieces: readonly Buffer[];
}

/**
 * The newest fragments of one camera, for who watches it now: from the key frame at the begin of the running media segment on,
 * and while somebody reads, those of the segment before too, so that who is a little late misses nothing.
 */
export class LiveParts {
  private session: LiveViewSession | undefined;
  private lastSessionId = 0;
  private init: Buffer = Buffer.alloc(0);
  private held: HeldPart[] = [];
  private heldBytes = 0;
  private nextSeq = 0;
  /** The running media segment; undefined until a key frame comes. */
  private segment: { id: number; startMs: number; beginsWithKeyFrame: boolean; parts: number } | undefined;
  private lastSegmentId = 0;
  /** Of arrival and media time. In the smallest of the last while is what the clocks differ by, and nothing that the network added. */
  private differencesMs: number[] = [];
  /** Tells `news` to all who wait, however many. */
  private readonly teller = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly clock: Clock,
    /** Whether somebody reads now. */
    readonly isRead: () => boolean,
  ) {}

  /** A connection stands, or goes on at other times. Forgets what was before. */
  begin(init: Buffer, track: VideoTrack): void {
    const startedUnixMs = this.clock.wallMs();
    // Numbers go on after a restart of this process too: sessions and segments are seconds long.
    const secondsNow = Math.floor(startedUnixMs / 1_000);
    this.lastSessionId = Math.max(this.lastSessionId + 1, secondsNow);
    this.lastSegmentId = Math.max(this.lastSegmentId, secondsNow);
    this.session = { id: this.lastSessionId, video_codec: track.codec, timescale: track.timescale, started_unix_ms: startedUnixMs };
    this.init = init;
    this.differencesMs = [];
    this.nextSeq = 0;
    this.forget();
    this.teller.emit('news');
  }

  push(fragment: Fragment, arrivedUnixMs: number): void {
    if (!this.session) return;
    const msOf = (ticks: number) => (ticks * 1_000) / (this.session?.timescale ?? 1);
    const [startMs, durationMs] = [msOf(fragment.startTicks), msOf(fragment.durationTicks)];
    this.differencesMs.push(arrivedUnixMs - startMs - durationMs);
    if (this.differencesMs.length > differencesMax) this.differencesMs.shift();
    const segment = this.segmentFor({ startMs, durationMs, isKeyFrame: fragment.startsWithKeyFrame });
    if (!segment) return;
    const pieces = fragment.piecesFrom(0);
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (sizeBytes > heldBytesMax) {
      // The hole in the numbers tells readers that something is missing.
      this.nextSeq += 1;
      this.forget();
      return;
    }
    this.makeRoom(sizeBytes);
    const about = {
      seq: this.nextSeq++,
      segment: segment.id,
      index: segment.parts++,
      starts_with_key_frame: fragment.startsWithKeyFrame,
      start_ms: startMs,
      duration_ms: durationMs,
      captured_unix_ms: Math.round(startMs + Math.min(...this.differencesMs)),
      size_bytes: sizeBytes,
    };
    this.held.push({ about, pieces });
    this.heldBytes += sizeBytes;
    this.teller.emit('news');
  }

  /** The connection is over: who watches waits for the next one. */
  end(): void {
    this.session = undefined;
    this.forget();
    this.teller.emit('news');
  }

  /** What there is after a position; waits for it. Without a session, or without news, the answer is empty. */
  async read(position: LivePosition, waitMs: number): Promise<LiveChunk> {
    const deadline = deadlineSignal(waitMs);
    for (;;) {
      const chunk = this.chunkAfter(position);
      const sessionIsOver = position.sessionId !== null && chunk.session === null;
      if (chunk.parts.length > 0 || chunk.initBytes > 0 || sessionIsOver || deadline.aborted) return chunk;
      await once(this.teller, 'news', { signal: deadline }).catch(() => undefined);
    }
  }

  private segmentFor(part: { startMs: number; durationMs: number; isKeyFrame: boolean }): typeof this.segment {
    const { segment } = this;
    // Nobody can begin with what comes before the first key frame.
    if (!segment && !part.isKeyFrame) return undefined;
    const endsAtKeyFrame = segment && part.isKeyFrame && (part.startMs - segment.startMs >= segmentMsMin || !segment.beginsWithKeyFrame);
    const isFull = segment && part.startMs + part.durationMs - segment.startMs > segmentMsMax;
    if (segment && !endsAtKeyFrame && !isFull) return segment;
    if (part.isKeyFrame) this.forgetBefore();
    this.lastSegmentId += 1;
    this.segment = { id: this.lastSegmentId, startMs: part.startMs, beginsWithKeyFrame: part.isKeyFrame, parts: 0 };
    return this.segment;
  }

  /** A part that readers may begin with is about to come: what is before the one before it goes; unread, all of it. */
  private forgetBefore(): void {
    this.drop(this.isRead() ? this.entry() : this.held.length);
  }

  private makeRoom(sizeBytes: number): void {
    const isFull = () => this.held.length > 0 && (this.heldBytes + sizeBytes > heldBytesMax || this.held.length >= partsMax);
    const entry = this.entry();
    if (isFull() && entry < this.held.length) this.drop(entry);
    while (isFull()) this.drop(1);
  }

  /** The oldest so many go. */
  private drop(count: number): void {
    for (const { about } of this.held.splice(0, count)) this.heldBytes -= about.size_bytes;
  }

  private forget(): void {
    this.held = [];
    this.heldBytes = 0;
    this.segment = undefined;
  }

  /** Index of the newest part that a reader may begin with; behind the last one where there is none. */
  private entry(): number {
    const entry = this.held.findLastIndex(({ about }) => about.index === 0 && about.starts_with_key_frame);
    return entry < 0 ? this.held.length : entry;
  }

  private chunkAfter({ afterSeq, offset, sessionId }: LivePosition): LiveChunk {
    const { held, init, session } = this;
    if (!session) return { session: null, initBytes: 0, parts: [], bytes: Buffer.alloc(0) };
    const isNew = sessionId !== session.id;
    const next = isNew ? -1 : held.findIndex(({ about }) => about.seq === afterSeq + 1);
    const isBehind = next < 0 && afterSeq + 1 !== this.nextSeq;
    const from = isNew || isBehind ? this.entry() : next < 0 ? held.length : next;
    const { parts, taken } = takeParts(held.slice(from), next >= 0 ? offset : 0);
    const begin = isNew ? init : Buffer.alloc(0);
    return { session, initBytes: begin.length, parts, bytes: Buffer.concat([begin, ...taken]) };
  }
}

/** As many of the parts as one message holds; only the last may be there in part. */
function takeParts(held: readonly HeldPart[], firstOffset: number): { parts: LiveViewPart[]; taken: Buffer[] } {
  const parts: LiveViewPart[] = [];
  const taken: Buffer[] = [];
  let room = liveViewBytesMax;
  let offset = firstOffset;
  for (const { about, pieces } of held) {
    if (room <= 0) break;
    const piece = Buffer.concat(pieces).subarray(offset, offset + room);
    parts.push({ ...about, offset, bytes: piece.length });
    taken.push(piece);
    room -= piece.length;
    offset = 0;
  }
  return { parts, taken };
}
