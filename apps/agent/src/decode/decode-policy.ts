/** How much of a camera's stream is decoded: nothing, key frames, or everything. */
export type DecodeState = 'off' | 'idle' | 'active';

/** What the readers of a source want: nothing, whatever moves, or every frame. */
export type Demand = 'nothing' | 'motion' | 'everything';

/** What is told to people: why it is in its state. */
export type DecodeReason =
  'started' | 'motion' | 'lighting' | 'track' | 'unit_jump' | 'every_frame_wanted' | 'quiet' | 'false_jump' | 'nobody_wants_it';

/** Something that may be a reason to decode everything. */
type Activity = 'motion' | 'lighting' | 'track' | 'unit_jump';

interface DecodeDecision {
  state: DecodeState;
  reason: DecodeReason;
}

/** When a decision was made, on the clock that never jumps. */
export interface DatedDecision extends DecodeDecision {
  atMs: number;
}

type Happening = Activity | 'connected' | 'wanted' | 'unwanted' | 'every_frame_wanted' | 'quiet' | 'false_jump';

/** Every legal move; what is not here changes nothing. */
const moves: Readonly<Record<DecodeState, Partial<Record<Happening, DecodeDecision>>>> = {
  off: {
    wanted: { state: 'active', reason: 'started' },
    every_frame_wanted: { state: 'active', reason: 'every_frame_wanted' },
  },
  idle: {
    connected: { state: 'active', reason: 'started' },
    motion: { state: 'active', reason: 'motion' },
    lighting: { state: 'active', reason: 'lighting' },
    track: { state: 'active', reason: 'track' },
    unit_jump: { state: 'active', reason: 'unit_jump' },
    every_frame_wanted: { state: 'active', reason: 'every_frame_wanted' },
    unwanted: { state: 'off', reason: 'nobody_wants_it' },
  },
  active: {
    connected: { state: 'active', reason: 'started' },
    quiet: { state: 'idle', reason: 'quiet' },
    false_jump: { state: 'idle', reason: 'false_jump' },
    unwanted: { state: 'off', reason: 'nobody_wants_it' },
  },
};

/** What was woken by sizes alone and shows nothing in this time was woken by mistake. */
const unconfirmedMs = 6_000;

/**
 * Decides how much is decoded. Anything that moves wakes it; it goes back to key frames when nothing has moved for `idleAfterMs`
 * (0: never). It starts awake: the quiet scene has to be learned first.
 */
export class DecodePolicy {
  private decision: DecodeDecision = { state: 'off', reason: 'nobody_wants_it' };
  private demand: Demand = 'nothing';
  private activeAtMs = 0;
  private changedAtMs = 0;
  private wake: DatedDecision | undefined;

  constructor(private readonly options: { idleAfterMs: number }) {}

  get current(): DecodeDecision {
    return this.decision;
  }

  /** The decision in force, and since when. */
  get dated(): DatedDecision {
    return { ...this.decision, atMs: this.changedAtMs };
  }

  /** The last time that everything was decoded from then on, and why; undefined: never yet. */
  get lastWake(): DatedDecision | undefined {
    return this.wake;
  }

  /** What is wanted from now on. @returns whether the decision changed */
  want(demand: Demand, nowMs: number): boolean {
    if (demand === this.demand) return false;
    this.demand = demand;
    this.activeAtMs = nowMs;
    if (demand === 'nothing') return this.move('unwanted', nowMs);
    return this.move(demand === 'everything' ? 'every_frame_wanted' : 'wanted', nowMs);
  }

  /** The first unit of a connection is there: what its camera shows has to be learned. @returns whether the decision changed */
  connected(nowMs: number): boolean {
    this.activeAtMs = nowMs;
    const before = this.decision.state;
    return this.move(this.demand === 'everything' ? 'every_frame_wanted' : 'connected', nowMs) && this.decision.state !== before;
  }

  /** Something happens. @returns whether the decision changed */
  happens(activity: Activity, nowMs: number): boolean {
    // Sizes alone keep nothing awake: a picture has to show what they tell.
    if (activity !== 'unit_jump' || this.decision.state !== 'active') this.activeAtMs = nowMs;
    if (activity !== 'unit_jump' && this.decision.reason === 'unit_jump') this.confirm(activity);
    return this.move(activity, nowMs);
  }

  /** Lets time pass. @returns whether the decision changed */
  tick(nowMs: number): boolean {
    if (this.decision.state !== 'active' || this.demand !== 'motion' || this.options.idleAfterMs === 0) return false;
    if (this.decision.reason === 'unit_jump' && nowMs - this.changedAtMs >= unconfirmedMs) return this.move('false_jump', nowMs);
    return nowMs - this.activeAtMs >= this.options.idleAfterMs && this.move('quiet', nowMs);
  }

  /** Pictures show what sizes told. */
  private confirm(activity: Activity): void {
    this.decision = { state: 'active', reason: activity };
    if (this.wake) this.wake = { ...this.wake, reason: activity };
  }

  private move(happening: Happening, nowMs: number): boolean {
    const next = moves[this.decision.state][happening];
    if (!next) return false;
    this.decision = next;
    this.changedAtMs = nowMs;
    if (next.state === 'active') this.wake = this.dated;
    return true;
  }
}
