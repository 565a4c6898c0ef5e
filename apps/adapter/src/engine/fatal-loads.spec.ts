import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { EngineProcessDied } from './engine-slot.js';
import type { ExitReason } from './exit-reason.js';
import { FatalLoads } from './fatal-loads.js';

const death = (reason: ExitReason, loading: string | undefined) =>
  new EngineProcessDied({ code: null, signal: 'SIGKILL', reason }, { runs: 1, loading });

describe('FatalLoads', () => {
  it('refuses a model whose loading ended two processes, for ten minutes', () => {
    const clock = new FakeClock();
    const loads = new FatalLoads(clock);
    expect(loads.note(death('out of memory', 'big@1'))).toBeUndefined();
    expect(loads.refused).toEqual([]);
    expect(loads.note(death('crashed', 'big@1'))).toBe('big@1');
    expect(loads.refused).toEqual(['big@1']);
    clock.advance(10 * 60_000 - 1);
    expect(loads.refused).toEqual(['big@1']);
    clock.advance(1);
    expect(loads.refused).toEqual([]);
  });

  it('blames no model for a kill from outside, or for a death while nothing was loaded', () => {
    const loads = new FatalLoads(new FakeClock());
    for (let i = 0; i < 5; i++) loads.note(death('killed', 'fine@1'));
    for (let i = 0; i < 5; i++) loads.note(death('crashed', undefined));
    expect(loads.refused).toEqual([]);
  });

  it('gives a model another chance when told to, in all its versions and in no others', () => {
    const loads = new FatalLoads(new FakeClock());
    for (const key of ['a@1', 'a@2', 'ab@1', 'a@1', 'a@2', 'ab@1']) loads.note(death('hung', key));
    loads.forgive('a');
    expect(loads.refused).toEqual(['ab@1']);
    loads.forgive();
    expect(loads.refused).toEqual([]);
  });
});
