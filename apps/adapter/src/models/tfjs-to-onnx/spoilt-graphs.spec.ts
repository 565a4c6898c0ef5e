import { describe, expect, it } from '@jest/globals';
import { convertGraphModelFiles } from './convert-graph-model.js';
import { operatorCases } from './operator-cases.fixture.js';
import { graphModel } from './small-graphs.fixture.js';

describe('any operator, with anything changed', () => {
  /** Numbers in 0..1 that are the same on every run. */
  function numbers(seed: number): () => number {
    let state = seed;
    return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  }

  const strange = [
    0,
    -1,
    1,
    3,
    1.5,
    1e9,
    '0',
    '-1',
    '1000000000',
    'x',
    'y',
    '',
    null,
    true,
    [],
    {},
    ['1', '0', '1'],
    'DT_INT32',
    'U0FNRQ==',
  ];

  /** Follows keys at random down to a leaf and replaces, removes or doubles it. */
  function spoil(root: object, random: () => number): void {
    let at = root as Record<string, unknown>;
    for (let depth = 0; depth < 12; depth++) {
      const keys = Object.keys(at);
      const key = keys[Math.floor(random() * keys.length)];
      if (key === undefined) return;
      const value = at[key];
      if (typeof value === 'object' && value !== null && random() < 0.9) {
        at = value as Record<string, unknown>;
        continue;
      }
      if (random() < 0.2) delete at[key];
      else
        at[key] =
          typeof value === 'number' ? [0, 1, 2, 5, -1, 1e9][Math.floor(random() * 6)] : strange[Math.floor(random() * strange.length)];
      return;
    }
  }

  it('converts or is refused, and nothing else', async () => {
    const random = numbers(20_260_726);
    const counts = { converted: 0, refused: 0 };
    for (let round = 0; round < 8; round++) {
      for (const { op, x, inputs = ['x'], attributes } of operatorCases) {
        const { json, weights } = graphModel({ input: x, nodes: [{ name: 'y', op, inputs, attributes }], outputs: ['y'] });
        const model = structuredClone(json);
        spoil(model, random);
        try {
          await convertGraphModelFiles({
            graph: Buffer.from(JSON.stringify(model)),
            readFile: async () => weights,
            dynamicBatch: random() < 0.5,
          });
          counts.converted++;
        } catch (error) {
          expect(error).toMatchObject({ name: 'AppError', code: 'model_error' });
          counts.refused++;
        }
      }
    }
    expect(counts.converted).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(300);
  });
});
