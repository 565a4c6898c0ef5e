import type { Lane } from '@nightjar/contracts';

/** Every fifth item taken comes from the batch lane, if one waits there: live work can slow batch work down, never stop it. */
const batchFirstEvery = 5;

export interface FairQueueOptions {
  /** Bound of the whole queue. When full, `offer` refuses: the caller tells its client to come back later. */
  readonly capacity: number;
  /** Bound of one camera or client, so that none can fill the queue alone. */
  readonly capacityPerTurn: number;
}

/** Where an item waits. */
export interface QueuePlace {
  readonly lane: Lane;
  /** Who takes turns: a camera, a job, a client. */
  readonly turn: string;
}

/**
 * Waiting room with two lanes. Within a lane everybody who waits takes turns, whatever number of items each has; items of one
 * keep their order. Live goes before batch, with a floor share for batch.
 */
export class FairQueue<T extends object> {
  /** Per lane, the items of each turn. A Map keeps insertion order: the first key is next, and moves to the end when served. */
  private readonly lanes: Record<Lane, Map<string, T[]>> = { live: new Map(), batch: new Map() };
  private readonly places = new Map<T, QueuePlace>();
  private taken = 0;

  constructor(private readonly options: FairQueueOptions) {}

  get size(): number {
    return this.places.size;
  }

  /** @returns false when the queue, or the share of this turn, is full */
  offer(item: T, place: QueuePlace): boolean {
    const lane = this.lanes[place.lane];
    const waiting = lane.get(place.turn) ?? [];
    if (this.size >= this.options.capacity || waiting.length >= this.options.capacityPerTurn) return false;
    waiting.push(item);
    lane.set(place.turn, waiting);
    this.places.set(item, place);
    return true;
  }

  /** Puts an item that was taken back to the very front; it was admitted before, so no bound applies. */
  putBack(item: T, place: QueuePlace): void {
    const lane = this.lanes[place.lane];
    const waiting = [item, ...(lane.get(place.turn) ?? [])];
    const others = [...lane].filter(([turn]) => turn !== place.turn);
    lane.clear();
    for (const [turn, items] of [[place.turn, waiting] as const, ...others]) lane.set(turn, items);
    this.places.set(item, place);
  }

  /** The next item by the rules above, or undefined when nothing waits. */
  take(): T | undefined {
    if (this.size === 0) return undefined;
    this.taken++;
    const order: readonly Lane[] = this.taken % batchFirstEvery === 0 ? ['batch', 'live'] : ['live', 'batch'];
    return this.takeFrom(order[0]!) ?? this.takeFrom(order[1]!);
  }

  /** Takes an item out that nobody waits for any more. @returns false when it does not wait here */
  remove(item: T): boolean {
    const place = this.places.get(item);
    if (!place) return false;
    this.places.delete(item);
    const lane = this.lanes[place.lane];
    const left = (lane.get(place.turn) ?? []).filter((waiting) => waiting !== item);
    if (left.length > 0) lane.set(place.turn, left);
    else lane.delete(place.turn);
    return true;
  }

  private takeFrom(name: Lane): T | undefined {
    const lane = this.lanes[name];
    const [next] = lane;
    if (!next) return undefined;
    const [turn, [item, ...rest]] = next;
    lane.delete(turn);
    if (rest.length > 0) lane.set(turn, rest);
    if (item) this.places.delete(item);
    return item;
  }
}
