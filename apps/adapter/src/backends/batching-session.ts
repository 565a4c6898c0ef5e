import type { TensorSession } from '../models/loaded-model.js';
import { joinRows, joinKey, splitOutputs } from './join-tensors.js';
import type { Tensors } from './tensor.js';

/** How calls that wait at the same time are run together. */
export interface BatchingLimits {
  /** A batch of so many is run at once. */
  readonly maxSize: number;
  /** How long the first of a batch waits for others. 0: only for those of this turn of the event loop. */
  readonly maxQueueDelayMs: number;
}

/** A session that knows which batch sizes pay. */
export interface PlanningSession extends TensorSession {
  /** How many rows to run at a time so that all of them take the least time; a run may be larger than what is left. */
  sizesFor(rows: number): readonly number[];
}

interface WaitingCall {
  readonly inputs: Tensors;
  readonly resolve: (outputs: Tensors) => void;
  readonly reject: (reason: unknown) => void;
}

/** Calls that fit together; never more than `maxSize`, since that many are run. */
interface Batch {
  readonly calls: WaitingCall[];
  readonly cancelTimer: () => void;
}

/**
 * Joins calls of one picture each that come within a short time, runs them as one batch and gives each its part. A batch that
 * fails is run again one by one, so that a bad item costs the others nothing but time.
 */
export class BatchingSession implements TensorSession {
  readonly type = 'tensors';
  private readonly waiting = new Map<string, Batch>();

  constructor(
    private readonly session: TensorSession | PlanningSession,
    private readonly limits: BatchingLimits,
  ) {}

  get inputs(): TensorSession['inputs'] {
    return this.session.inputs;
  }

  get outputs(): TensorSession['outputs'] {
    return this.session.outputs;
  }

  run(inputs: Tensors): Promise<Tensors> {
    // What is a batch already, or has no rows at all, goes as it is.
    if (![...inputs.values()].every(({ dims }) => dims[0] === 1)) return this.session.run(inputs);
    return new Promise((resolve, reject) => {
      const key = joinKey(inputs);
      const batch = this.waiting.get(key) ?? this.begin(key);
      batch.calls.push({ inputs, resolve, reject });
      if (batch.calls.length >= this.limits.maxSize) this.flush(key);
    });
  }

  async release(): Promise<void> {
    for (const key of [...this.waiting.keys()]) {
      const batch = this.waiting.get(key)!;
      batch.cancelTimer();
      this.waiting.delete(key);
      for (const { reject } of batch.calls) reject(new Error('the model was unloaded'));
    }
    await this.session.release();
  }

  private begin(key: string): Batch {
    const flush = () => this.flush(key);
    const { maxQueueDelayMs } = this.limits;
    let cancelTimer: () => void;
    if (maxQueueDelayMs > 0) {
      const timer = setTimeout(flush, maxQueueDelayMs);
      cancelTimer = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(flush);
      cancelTimer = () => clearImmediate(immediate);
    }
    const batch: Batch = { calls: [], cancelTimer };
    this.waiting.set(key, batch);
    return batch;
  }

  private flush(key: string): void {
    const batch = this.waiting.get(key);
    if (!batch) return;
    this.waiting.delete(key);
    batch.cancelTimer();
    void this.runTogether(batch.calls);
  }

  private async runTogether(calls: readonly WaitingCall[]): Promise<void> {
    let from = 0;
    for (const size of 'sizesFor' in this.session ? this.session.sizesFor(calls.length) : [calls.length]) {
      await this.runAsOne(calls.slice(from, from + size));
      from += size;
    }
  }

  private async runAsOne(calls: readonly WaitingCall[]): Promise<void> {
    const [first] = calls;
    if (!first) return;
    try {
      const outputs = await this.session.run(joinRows(calls.map(({ inputs }) => inputs)));
      if (calls.length === 1) return first.resolve(outputs);
      const ones = calls.map(() => 1);
      const parts = splitOutputs(outputs, ones, calls.length);
      for (const [index, { resolve }] of calls.entries()) resolve(parts[index]!);
    } catch (reason) {
      if (calls.length === 1) return first.reject(reason);
      for (const call of calls) await this.runAsOne([call]);
    }
  }
}
