import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { TensorSession } from '../models/loaded-model.js';
import { BatchingSession } from './batching-session.js';
import { cheapestSizes, SizedSessions } from './sized-sessions.js';
import type { Tensors } from './tensor.js';

/** Doubles every number of its one input; notes the sizes of the batches it runs. Refuses batches that hold a negative number. */
class Doubler implements TensorSession {
  readonly type = 'tensors';
  readonly inputs = [{ name: 'x', type: 'float32', dims: [-1, 2] }];
  readonly outputs = [{ name: 'y', type: 'float32', dims: [-1, 2] }];
  readonly sizes: number[] = [];
  released = 0;

  run(inputs: Tensors): Promise<Tensors> {
    const { dims, data } = inputs.get('x')!;
    this.sizes.push(dims[0]!);
    if ((data as Float32Array).some((value) => value < 0)) return Promise.reject(new Error('a negative number'));
    return Promise.resolve(new Map([['y', { type: 'float32', dims, data: (data as Float32Array).map((value) => 2 * value) }]]));
  }

  release(): Promise<void> {
    this.released++;
    return Promise.resolve();
  }
}

const input = (...values: number[]): Tensors =>
  new Map([['x', { type: 'float32', dims: [values.length / 2, 2], data: Float32Array.from(values) }]]);
const output = async (outputs: Promise<Tensors>) => [...((await outputs).get('y')!.data as Float32Array)];

describe('joining calls into batches', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('runs calls that wait at the same time as one, and gives each its own part', async () => {
    const model = new Doubler();
    const session = new BatchingSession(model, { maxSize: 8, maxQueueDelayMs: 5 });
    const calls = [1, 2, 3].map((value) => output(session.run(input(value, 10 * value))));
    await jest.advanceTimersByTimeAsync(4);
    expect(model.sizes).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(await Promise.all(calls)).toEqual([
      [2, 20],
      [4, 40],
      [6, 60],
    ]);
    expect(model.sizes).toEqual([3]);
  });

  it('does not wait once a batch is full', async () => {
    const model = new Doubler();
    const session = new BatchingSession(model, { maxSize: 2, maxQueueDelayMs: 1000 });
    await Promise.all([1, 2, 3, 4].map((value) => output(session.run(input(value, value)))));
    expect(model.sizes).toEqual([2, 2]);
  });

  it('with a delay of 0 joins what comes in one turn, and a lone call waits for nobody', async () => {
    jest.useRealTimers();
    const model = new Doubler();
    const session = new BatchingSession(model, { maxSize: 8, maxQueueDelayMs: 0 });
    await Promise.all([1, 2].map((value) => session.run(input(value, value))));
    await session.run(input(1, 1));
    expect(model.sizes).toEqual([2, 1]);
  });

  it('runs a batch that fails one by one, so that a bad item fails alone', async () => {
    const model = new Doubler();
    const session = new BatchingSession(model, { maxSize: 3, maxQueueDelayMs: 1 });
    const results = await Promise.allSettled([input(1, 1), input(-1, 1), input(3, 3)].map((call) => output(session.run(call))));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[2]).toMatchObject({ value: [6, 6] });
    expect(model.sizes).toEqual([3, 1, 1, 1]);
  });

  it('joins only what has one shape, and leaves batches of callers as they are', async () => {
    const model = new Doubler();
    const session = new BatchingSession(model, { maxSize: 8, maxQueueDelayMs: 1 });
    const wide: Tensors = new Map([['x', { type: 'float32', dims: [1, 4], data: Float32Array.of(1, 2, 3, 4) }]]);
    const calls = [session.run(input(1, 1)), session.run(wide), session.run(input(1, 2, 3, 4))];
    await jest.advanceTimersByTimeAsync(1);
    await Promise.all(calls);
    expect(model.sizes.sort()).toEqual([1, 1, 2]);
  });

  it('answers who still waits when the model is unloaded', async () => {
    const model = new Doubler();
    const session = new BatchingSession(model, { maxSize: 8, maxQueueDelayMs: 1000 });
    const waiting = session.run(input(1, 1));
    const refused = expect(waiting).rejects.toThrow('unloaded');
    await session.release();
    await refused;
    expect(model.released).toBe(1);
    expect(model.sizes).toEqual([]);
  });
});

describe('a session for each batch size', () => {
  const open = (costsMs: Record<number, number>) => {
    const models = new Map(Object.entries(costsMs).map(([size, costMs]) => [Number(size), { session: new Doubler(), costMs }]));
    return { session: new SizedSessions(models), sizes: () => [...models.values()].map(({ session }) => session.sizes), models };
  };
  const rows = (count: number) => input(...Array.from({ length: 2 * count }, (_, index) => index));

  it('takes what was seen to take the least time, and fills a batch up where that is it', async () => {
    const { session, sizes } = open({ 1: 2, 8: 5 });
    for (const count of [1, 2, 3, 8, 9, 17]) {
      expect(await output(session.run(rows(count)))).toEqual(Array.from({ length: 2 * count }, (_, index) => 2 * index));
    }
    // One, two; three and eight as a batch; nine and seventeen as batches and one.
    expect(sizes()).toEqual([
      [1, 1, 1, 1, 1],
      [8, 8, 8, 8, 8],
    ]);
  });

  it('is given by a batching session what pays, and nothing is copied for those that run alone', async () => {
    const { session, sizes } = open({ 1: 2, 8: 5 });
    const batching = new BatchingSession(session, { maxSize: 16, maxQueueDelayMs: 0 });
    const together = (calls: number) => Promise.all(Array.from({ length: calls }, (_, index) => output(batching.run(input(index, index)))));
    for (const calls of [2, 7, 12]) {
      expect(await together(calls)).toEqual(Array.from({ length: calls }, (_, index) => [2 * index, 2 * index]));
    }
    // Two alone; seven in a batch that is filled up; twelve as two batches.
    expect(sizes()).toEqual([
      [1, 1],
      [8, 8, 8],
    ]);
  });

  it('gives their memory back', async () => {
    const { session, models } = open({ 1: 2, 4: 3 });
    await session.release();
    expect([...models.values()].map((model) => model.session.released)).toEqual([1, 1]);
  });

  it('plans the cheapest sizes for every number of rows', () => {
    const costs = new Map([
      [1, 2],
      [4, 5],
      [8, 8],
    ]);
    expect(cheapestSizes(costs, 8)).toEqual([[], [1], [1, 1], [4], [4], [4, 1], [8], [8], [8]]);
  });
});
