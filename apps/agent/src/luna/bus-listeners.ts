import { streamTold, type StreamMessage } from '@nightjar/contracts';
import type { ListenersElsewhere } from '@nightjar/luna';
import type { Bus } from '@nightjar/messaging';
import type { Clock } from '@nightjar/runtime';

/** Streams that are listened to at once. Full: further ones are not told of until some are let go. */
const streamsMax = 1_024;

/** Listeners that nvr holds: their streams' messages go over the bus, for as long as nvr says that somebody listens. */
export class BusListeners implements ListenersElsewhere {
  /** Until when somebody listens, by stream. */
  private readonly until = new Map<string, number>();

  constructor(
    private readonly bus: Pick<Bus, 'publish'>,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {}

  /** Somebody listens for so long, whether this agent has the stream or not: it may get it. */
  hear(streamId: string, forMs: number): void {
    const nowMs = this.clock.monotonicMs();
    for (const [known, untilMs] of this.until) if (untilMs <= nowMs) this.until.delete(known);
    if (this.until.size < streamsMax || this.until.has(streamId)) this.until.set(streamId, nowMs + forMs);
  }

  listens(streamId: string): boolean {
    return (this.until.get(streamId) ?? 0) > this.clock.monotonicMs();
  }

  send(streamId: string, message: StreamMessage): void {
    this.bus.publish(streamTold, { stream_id: streamId, message });
  }
}
