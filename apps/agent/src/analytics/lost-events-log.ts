import type { Clock, Logger } from '@nightjar/runtime';

const toldEveryMs = 60_000;
/** Servers that are remembered. Full: the one is forgotten that was told of longest ago, and with it what was not told. */
const originsMax = 256;

/**
 * Says in the log which servers do not get events: of each at once, and then once a minute with how many more it was. An address
 * that is never let through would fill the log with a line for every event.
 */
export class LostEventsLog {
  private readonly told = new Map<string, { atMs: number; since: number }>();

  constructor(private readonly parts: { clock: Pick<Clock, 'monotonicMs'>; logger: Logger }) {}

  /** @param lost.dropped events that no address got, since the start */
  note({ dropped, origin, reason }: { origin: string; reason: string; dropped: number }): void {
    const nowMs = this.parts.clock.monotonicMs();
    const known = this.told.get(origin);
    const count = (known?.since ?? 0) + 1;
    if (known && nowMs - known.atMs < toldEveryMs) {
      known.since = count;
      return;
    }
    // The newest stands last.
    this.told.delete(origin);
    this.told.set(origin, { atMs: nowMs, since: 0 });
    const [oldest] = this.told.keys();
    if (this.told.size > originsMax && oldest !== undefined) this.told.delete(oldest);
    this.parts.logger.warn('events did not reach their callbacks', { origin, reason, count, dropped });
  }
}
