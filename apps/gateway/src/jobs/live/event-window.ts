/**
 * Where an event stands among all. Transactions are numbered when they begin to write and end in any order, so `seq` alone would
 * let an event appear behind one that was read already; the events of finished transactions, by transaction, are complete.
 */
export interface EventPosition {
  /** Transaction that wrote it. */
  xid: bigint;
  /** What clients know it by. */
  seq: bigint;
}

/** Before the first event there can be. */
export const beforeAll: EventPosition = { xid: 0n, seq: 0n };

/** Whether `a` comes before `b`. */
export function isBefore(a: EventPosition, b: EventPosition): boolean {
  return a.xid < b.xid || (a.xid === b.xid && a.seq < b.seq);
}

/**
 * The newest events, read once for all clients. Full: the oldest go, and whoever has not had them yet reads them from the rows.
 */
export class EventWindow<Event extends EventPosition> {
  private readonly events: Event[] = [];
  private beginning: EventPosition = beforeAll;

  constructor(private readonly eventsMax: number) {}

  /** Everything up to here is in the window or was before it. */
  get end(): EventPosition {
    return this.events.at(-1) ?? this.beginning;
  }

  /** Forgets all and begins behind a position. */
  restart(behind: EventPosition): void {
    this.events.length = 0;
    this.beginning = behind;
  }

  /** Adds the next events; they come in order and leave none out. */
  append(events: readonly Event[]): void {
    this.events.push(...events);
    const removed = this.events.splice(0, Math.max(0, this.events.length - this.eventsMax));
    this.beginning = removed.at(-1) ?? this.beginning;
  }

  /** @returns the events behind a position, undefined when some of them have left the window */
  after(position: EventPosition): Event[] | undefined {
    if (isBefore(position, this.beginning)) return undefined;
    // Nearly everybody has all but the last few.
    let from = this.events.length;
    while (from > 0 && isBefore(position, this.events[from - 1] ?? position)) from--;
    return this.events.slice(from);
  }
}
