/**
 * How far one client has got in the row of notifications. Rows are the only buffer: a client that connects late or reads
 * slowly catches up from them, page by page, and joins the live ones at the moment when nothing lies between. So none is
 * lost, none comes twice, and a slow client costs no memory.
 */
export class NotificationCursor {
  private caughtUp = false;

  /** @param seq every notification up to it was sent, or was before the client's time */
  constructor(private seq: number) {}

  get sentUpTo(): number {
    return this.seq;
  }

  get isLive(): boolean {
    return this.caughtUp;
  }

  /** Whether a live notification is this client's next; one that is not, comes from the rows or has come. */
  takeLive(seq: number): boolean {
    if (!this.caughtUp || seq <= this.seq) return false;
    this.seq = seq;
    return true;
  }

  /** The client can't take more now: from `seq` on, which was its next, it gets its notifications from the rows later. */
  fallBehind(seq: number): void {
    if (!this.caughtUp) return;
    this.caughtUp = false;
    // What lies between is not the client's: live ones come in order, and it is only told of those that it listens to.
    this.seq = Math.max(this.seq, seq - 1);
  }

  /** One notification of a page was sent. */
  takeReplayed(seq: number): void {
    this.seq = Math.max(this.seq, seq);
  }

  /**
   * A page ended. `complete`: the rows held no more matching ones when the page was read, which was when the live ones stood at
   * `liveSeqBefore` or later; they stand at `liveSeqNow` since.
   * @returns whether the client is live now; if not, the next page has to be read
   */
  endPage(page: { complete: boolean; liveSeqBefore: number; liveSeqNow: number }): boolean {
    if (page.complete) this.seq = Math.max(this.seq, page.liveSeqBefore);
    this.caughtUp = page.complete && this.seq >= page.liveSeqNow;
    return this.caughtUp;
  }
}

/** From where a client's notifications begin. */
export interface ReplayStart {
  afterSeq: number;
  /** Set when some that the client has not seen are not replayed, or when its position is not one of ours. */
  gap: boolean;
}

/**
 * @param options.lastEventId what the client has seen; undefined for one that begins now
 * @param options.newestSeq the newest there is or was
 * @param options.oldestReplayableSeq notifications up to it are not replayed; 0 while all are
 * @param options.removedUpToSeq some up to it were removed; what is left of them is replayed all the same
 */
export function planReplay(options: {
  lastEventId: number | undefined;
  newestSeq: number;
  oldestReplayableSeq: number;
  removedUpToSeq: number;
}): ReplayStart {
  const { lastEventId, newestSeq, oldestReplayableSeq, removedUpToSeq } = options;
  if (lastEventId === undefined) return { afterSeq: newestSeq, gap: false };
  // Beyond the newest: the database is another one than the client knew.
  if (lastEventId > newestSeq) return { afterSeq: newestSeq, gap: true };
  if (lastEventId < oldestReplayableSeq) return { afterSeq: oldestReplayableSeq, gap: true };
  return { afterSeq: lastEventId, gap: lastEventId < removedUpToSeq };
}

/** A `Last-Event-ID` header; undefined for none and for what is none of ours. */
export function parseLastEventId(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
