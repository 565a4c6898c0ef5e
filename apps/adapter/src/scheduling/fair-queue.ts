import type { Lane } from '@nightjar/contracts';

/** Every fifth item taken comes from the batch lane, if one waits there: live work can slow batch work down, never stop it. */
const batchFirstEvery = 5;

/** How much of the queue a lane may fill: neither can lock the other out. */
const shareOfLane: Readonly<Record<Lane, number>> = { live: 7 / 8, batch: 1 / 2 };

export interface FairQueueOptions {
  /** Bound of the whole queue. When full, `offer` refuses: the caller tells its client to come back later. */
  readonly capacity: number;
  /** Bound of one camera or client, so that none can fill the queue alone. */
  readonly capacityPerTurn: number;
  /** Bound of what the items hold in memory; a single one is let in whatever its size. */
  readonly capacityBytes: number;
}

/** Where an item waits. */
export interface QueuePlace {
  readonly lane: Lane;
  /** Who takes turns: a camera, a job, a client. */
  readonly turn: string;
  readonly sizeBytes: number;
}

/** What became of an offer. `displaced` had to go for it. */
type Admission<T> = { readonly admitted: true; readonly displaced: T | undefined } | { readonly admitted: false };

/**
 * Waiting room with two lanes. Within a lane everybody who waits takes turns, whatever number of items each has; items of one
 * keep their order. Live goes before batch, with a floor share for batch. When it is full, whoever has much waiting makes room
 * for somebody who has less: a crowd of greedy clients can't keep a camera out.
 */
export class FairQueue<T extends object> {
  /** Per lane, the items of each turn. A Map keeps insertion order: the first key is next, and moves to the end when served. */
  private readonly lanes: Record<Lane, Map<string, T[]>> = { live: new Map(), batch: new Map() };
  private readonly places = new Map<T, QueuePlace>();
  private readonly sizes: Record<Lane, number> = { live: 0, batch: 0 };
  private bytes = 0;
  private taken = 0;

  constructor(private readonly options: FairQueueOptions) {}

  get size(): number {
    return this.places.size;
  }

  /** Lets an item in, unless the queue, its lane's part or the share of its turn is full. */
  offer(item: T, place: QueuePlace): Admission<T> {
    const lane = this.lanes[place.lane];
    const waiting = lane.get(place.turn) ?? [];
    if (waiting.length >= this.options.capacityPerTurn) return { admitted: false };
    let displaced: T | undefined;
    if (!this.hasRoom(place)) {
      displaced = this.newestOfLongest(place.lane, waiting.length + 2);
      if (!displaced || !this.hasRoom(place, displaced)) return { admitted: false };
      this.remove(displaced);
    }
    waiting.push(item);
    lane.set(place.turn, waiting);
    this.places.set(item, place);
    this.count(place, 1);
    return { admitted: true, displaced };
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
    this.count(place, -1);
    const lane = this.lanes[place.lane];
    const left = (lane.get(place.turn) ?? []).filter((waiting) => waiting !== item);
    if (left.length > 0) lane.set(place.turn, left);
    else lane.delete(place.turn);
    return true;
  }

  /** @param without an item to think away */
  private hasRoom({ lane, sizeBytes }: QueuePlace, without?: T): boolean {
    const { capacity, capacityBytes } = this.options;
    const gone = without && this.places.get(without);
    const items = this.size - (gone ? 1 : 0);
    const itemsOfLane = this.sizes[lane] - (gone ? 1 : 0);
    const bytes = this.bytes - (gone?.sizeBytes ?? 0);
    if (items >= capacity || itemsOfLane >= Math.ceil(capacity * shareOfLane[lane])) return false;
    return items === 0 || bytes + sizeBytes <= capacityBytes;
  }

  /** Of who has most waiting in a lane, if it is at least `least`, what came last. */
  private newestOfLongest(lane: Lane, least: number): T | undefined {
    let longest: readonly T[] = [];
    for (const items of this.lanes[lane].values()) if (items.length > longest.length) longest = items;
    return longest.length >= least ? longest.at(-1) : undefined;
  }

  private takeFrom(name: Lane): T | undefined {
    const lane = this.lanes[name];
    const [next] = lane;
    if (!next) return undefined;
    const [turn, [item, ...rest]] = next;
    lane.delete(turn);
    if (rest.length > 0) lane.set(turn, rest);
    const place = item && this.places.get(item);
    if (item && place) {
      this.places.delete(item);
      this.count(place, -1);
    }
    return item;
  }

  private count({ lane, sizeBytes }: QueuePlace, sign: 1 | -1): void {
    this.sizes[lane] += sign;
    this.bytes += sign * sizeBytes;
  }
}
