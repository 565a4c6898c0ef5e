import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tinyArithmetic } from '../../models/tiny-models.fixture.js';
import type { Tensors } from '../tensor.js';
import { OnnxSession } from './onnx-session.js';

const rowsOf = (values: ArrayLike<number>): Tensors =>
  new Map([['x', { type: 'float32', dims: [values.length / 2, 2], data: Float32Array.from(values) }]]);
const numbersOf = (outputs: Tensors, name: string) => Array.from(outputs.get(name)!.data, Number);

describe('outputs of an ONNX model that are given back', () => {
  let session: OnnxSession;
  beforeAll(async () => void (session = await OnnxSession.create(tinyArithmetic())));
  afterAll(() => session.release());

  it('are empty from then on, and their memory is gone without a garbage collection', async () => {
    const inputs = rowsOf({ length: 2 * 500_000 });
    const outputs = await session.run(inputs);
    const before = process.memoryUsage().arrayBuffers;
    session.free(outputs);
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(8_000_000);
    for (const { data } of outputs.values()) expect(data.length).toBe(0);
  });

  it('leave inputs and the outputs of other runs as they are', async () => {
    const inputs = rowsOf([1, 2]);
    const first = await session.run(inputs);
    const second = await session.run(inputs);
    session.free(first);
    session.free(first);
    expect(numbersOf(inputs, 'x')).toEqual([1, 2]);
    expect(numbersOf(second, 'doubled')).toEqual([2, 4]);
    expect(numbersOf(await session.run(inputs), 'negated')).toEqual([-1, -2]);
  });
});
