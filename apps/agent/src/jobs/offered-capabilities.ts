import type { AdapterCapacity, Capability } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';

/** An adapter that said nothing for this long is gone; it tells what it can do every 5 s. */
const adapterSilentMs = 15_000;
/** So long nobody must have offered a capability until it counts as lacking: adapters restart, and those with the model may come last. */
const lackingAfterMs = 20_000;
/** Adapters remembered. Full: the one that was silent longest is forgotten, which costs nothing but its part of this answer. */
const adaptersMax = 1_000;

/**
 * What the adapters of this installation can do, by what they tell of themselves. It answers one question: is it in vain to wait
 * for a capability? While no adapter is heard at all the answer is no, since then it is not known.
 */
export class OfferedCapabilities {
  private readonly heardAtMs = new Map<string, number>();
  private readonly offeredAtMs = new Map<Capability, number>();
  /** Since when somebody is heard without a break. */
  private listeningSinceMs: number | undefined;

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  hear({ adapter_id, capabilities }: Pick<AdapterCapacity, 'adapter_id' | 'capabilities'>): void {
    const nowMs = this.clock.monotonicMs();
    this.forgetSilent(nowMs);
    this.listeningSinceMs ??= nowMs;
    this.heardAtMs.delete(adapter_id);
    this.heardAtMs.set(adapter_id, nowMs);
    const [oldest] = this.heardAtMs.keys();
    if (this.heardAtMs.size > adaptersMax && oldest !== undefined) this.heardAtMs.delete(oldest);
    for (const capability of capabilities) this.offeredAtMs.set(capability, nowMs);
  }

  /** Whether adapters are there, and for 20 s none of them offered this. */
  lacks(capability: Capability): boolean {
    const nowMs = this.clock.monotonicMs();
    this.forgetSilent(nowMs);
    if (this.listeningSinceMs === undefined) return false;
    return nowMs - Math.max(this.listeningSinceMs, this.offeredAtMs.get(capability) ?? 0) >= lackingAfterMs;
  }

  private forgetSilent(nowMs: number): void {
    for (const [adapter, heardAtMs] of this.heardAtMs) if (nowMs - heardAtMs > adapterSilentMs) this.heardAtMs.delete(adapter);
    if (this.heardAtMs.size === 0) this.listeningSinceMs = undefined;
  }
}
