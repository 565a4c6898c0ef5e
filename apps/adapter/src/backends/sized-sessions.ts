import type { TensorSession } from '../models/loaded-model.js';
import type { PlanningSession } from './batching-session.js';
import { joinRows, padRows, rowsOf, splitOutputs } from './join-tensors.js';
import type { Tensors } from './tensor.js';

/** A session for one batch size, and what a run of it takes. */
interface SizedSession {
  readonly session: TensorSession;
  readonly costMs: number;
}

/**
 * One model several times, each for one batch size. A CUDA session that meets another shape than last time looks for its fastest
 * kernels anew, which takes as long as a hundred runs (measured: 350 ms for NanoDet on an H100): a session of its own for each size
 * never does. A batch of another size is cut and filled up so that it takes the least time by what the sessions were seen to take.
 */
export class SizedSessions implements PlanningSession {
  readonly type = 'tensors';
  private readonly largest: number;
  private readonly plans: readonly (readonly number[])[];

  /** @param sessions by batch size; the size 1 is among them */
  constructor(private readonly sessions: ReadonlyMap<number, SizedSession>) {
    this.largest = Math.max(...sessions.keys());
    this.plans = cheapestSizes(new Map([...sessions].map(([size, { costMs }]) => [size, costMs])), this.largest);
  }

  get inputs(): TensorSession['inputs'] {
    return this.sessions.get(1)!.session.inputs;
  }

  get outputs(): TensorSession['outputs'] {
    return this.sessions.get(1)!.session.outputs;
  }

  async run(inputs: Tensors): Promise<Tensors> {
    const rows = Math.max(1, ...[...inputs.values()].map(({ dims }) => dims[0] ?? 1));
    const parts: Tensors[] = [];
    for (let from = 0; from < rows;) {
      const rest = rows - from;
      const size = this.plans[Math.min(rest, this.largest)]![0]!;
      const taken = Math.min(size, rest);
      parts.push(await this.runSized(rowsOf(inputs, from, from + taken), { size, rows: taken }));
      from += taken;
    }
    return joinRows(parts);
  }

  sizesFor(rows: number): readonly number[] {
    const full = Math.floor(Math.max(0, rows - 1) / this.largest);
    return [...new Array<number>(full).fill(this.largest), ...this.plans[rows - full * this.largest]!];
  }

  async release(): Promise<void> {
    for (const { session } of this.sessions.values()) await session.release();
  }

  private async runSized(inputs: Tensors, { size, rows }: { size: number; rows: number }): Promise<Tensors> {
    const { session } = this.sessions.get(size)!;
    if (size === rows) return session.run(inputs);
    const [wanted] = splitOutputs(await session.run(padRows(inputs, size)), [rows], size);
    return wanted!;
  }
}

/** For every number of rows up to `largest` the sizes to run, largest first, that take the least time together. */
export function cheapestSizes(costMsOfSize: ReadonlyMap<number, number>, largest: number): number[][] {
  const best: { costMs: number; sizes: number[] }[] = [{ costMs: 0, sizes: [] }];
  for (let rows = 1; rows <= largest; rows++) {
    const choices = [...costMsOfSize].map(([size, costMs]) => {
      const rest = best[Math.max(0, rows - size)]!;
      return { costMs: costMs + rest.costMs, sizes: [size, ...rest.sizes].sort((a, b) => b - a) };
    });
    best.push(choices.reduce((a, b) => (b.costMs < a.costMs ? b : a)));
  }
  return best.map(({ sizes }) => sizes);
}
