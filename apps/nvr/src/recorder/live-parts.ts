import { liveViewBytesMax, type LiveViewPart, type LiveViewSession } from '@nightjar/contracts';
import { deadlineSignal, type Clock } from '@nightjar/runtime';
import type { VideoTrack } from './parse-init-segment.js';
import type { Fragment } from './segment-writer.js';

/** What is kept for viewers of one camera. Full: all of it goes, and it begins anew with the next key frame. */
const heldBytesMax = 16 * 1024 * 1024;
const partsMax = 256;
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
  /** Smallest difference so far of arrival and media time: what the network added is not in it. */
  private clockDifferenceMs = Number.POSITIVE_INFINITY;
  private readonly waiting = new Set<() => void>();

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
    this.clockDifferenceMs = Number.POSITIVE_INFINITY;
    this.nextSeq = 0;
    this.forget();
    this.tell();
  }

  push(fragment: Fragment, arrivedUnixMs: number): void {
    if (!this.session) return;
    const msOf = (ticks: number) => (ticks * 1_000) / (this.session?.timescale ?? 1);
    const [startMs, durationMs] = [msOf(fragment.startTicks), msOf(fragment.durationTicks)];
    this.clockDifferenceMs = Math.min(this.clockDifferenceMs, arrivedUnixMs - startMs - durationMs);
    const segment = this.segmentFor({ startMs, durationMs, isKeyFrame: fragment.startsWithKeyFrame });
    if (!segment) return;
    const pieces = fragment.piecesFrom(0);
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.heldBytes + sizeBytes > heldBytesMax || this.held.length >= partsMax) {
      // The hole in the numbers tells readers that something is missing.
      this.nextSeq += 1;
      this.forget();
      return;
    }
    const about = {
      seq: this.nextSeq++,
      segment: segment.id,
      index: segment.parts++,
      starts_with_key_frame: fragment.startsWithKeyFrame,
      start_ms: startMs,
      duration_ms: durationMs,
      captured_unix_ms: Math.round(startMs + this.clockDifferenceMs),
      size_bytes: sizeBytes,
    };
    this.held.push({ about, pieces });
    this.heldBytes += sizeBytes;
    this.tell();
  }

  /** The connection is over: who watches waits for the next one. */
  end(): void {
    this.session = undefined;
    this.forget();
    this.tell();
  }

  /** What there is after a position; waits for it. Without a session, or without news, the answer is empty. */
  async read(position: LivePosition, waitMs: number): Promise<LiveChunk> {
    const deadline = deadlineSignal(waitMs);
    for (;;) {
      const chunk = this.chunkAfter(position);
      const sessionIsOver = position.sessionId !== null && chunk.session === null;
      if (chunk.parts.length > 0 || chunk.initBytes > 0 || sessionIsOver || deadline.aborted) return chunk;
      await this.news(deadline);
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
    const entry = this.isRead() ? this.entry() : this.held.length;
    for (const { about } of this.held.splice(0, entry)) this.heldBytes -= about.size_bytes;
  }

  private forget(): void {
    this.held = [];
    this.heldBytes = 0;
    this.segment = undefined;
  }

  /** Index of the newest part that a reader may begin with. */
  private entry(): number {
    return Math.max(
      0,
      this.held.findLastIndex(({ about }) => about.index === 0 && about.starts_with_key_frame),
    );
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

  private tell(): void {
    for (const wake of this.waiting) wake();
  }

  private news(deadline: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        deadline.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      deadline.addEventListener('abort', wake, { once: true });
    });
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
