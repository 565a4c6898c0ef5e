import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { InferenceStatistics } from './inference-statistics.js';

const model = { name: 'm', version: '1' };

describe('InferenceStatistics', () => {
  it('adds up what requests took, in nanoseconds', () => {
    const clock = new FakeClock(1_700_000_000_000);
    const statistics = new InferenceStatistics(clock);
    statistics.recordSuccess(model, { totalMs: 10, timesMs: { queue: 1, input: 2, infer: 3.5, output: 0.25 }, runs: 2 });
    statistics.recordSuccess(model, { totalMs: 5, timesMs: { queue: 0, input: 1, infer: 3.5, output: -0.1 }, runs: 1 });
    clock.advance(1_000);
    statistics.recordFailure(model, 7);
    const compute = {
      compute_input: { count: 2, ns: 3_000_000 },
      compute_infer: { count: 2, ns: 7_000_000 },
      compute_output: { count: 2, ns: 250_000 },
    };
    expect(statistics.read([model])).toEqual({
      model_stats: [
        {
          name: 'm',
          version: '1',
          last_inference: 1_700_000_001_000,
          inference_count: 3,
          execution_count: 3,
          inference_stats: {
            success: { count: 2, ns: 15_000_000 },
            fail: { count: 1, ns: 7_000_000 },
            queue: { count: 2, ns: 1_000_000 },
            ...compute,
            cache_hit: { count: 0, ns: 0 },
            cache_miss: { count: 0, ns: 0 },
          },
          batch_stats: [{ batch_size: 1, ...compute }],
        },
      ],
    });
  });

  it('shows zeros for a model that nobody asked, and forgets one that is served no more', () => {
    const statistics = new InferenceStatistics(new FakeClock());
    const read = () =>
      (statistics.read([model]) as { model_stats: { inference_stats: { fail: { count: number } }; batch_stats: [] }[] }).model_stats[0]!;
    expect(read()).toMatchObject({ inference_stats: { fail: { count: 0 } }, batch_stats: [] });
    statistics.recordFailure(model, 1);
    statistics.keepOnly([model]);
    expect(read().inference_stats.fail.count).toBe(1);
    statistics.keepOnly([{ name: 'm', version: '2' }]);
    expect(read().inference_stats.fail.count).toBe(0);
  });

  it('keeps versions and names apart whatever is in them', () => {
    const statistics = new InferenceStatistics(new FakeClock());
    statistics.recordFailure({ name: 'a', version: 'b@c' }, 1);
    expect(statistics.read([{ name: 'a@b', version: 'c' }])).toMatchObject({ model_stats: [{ inference_stats: { fail: { count: 0 } } }] });
  });
});
