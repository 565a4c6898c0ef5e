import { describe, expect, it } from '@jest/globals';
import { StreamClock } from './stream-clock.js';

const startUnixMs = 1_700_000_000_000;

describe('the clock of a stream', () => {
  it('takes the quickest delivery as the truth', () => {
    const clock = new StreamClock();
    for (const [second, delayMs] of [900, 40, 300, 20, 500].entries())
      clock.observe({ endMediaMs: second * 1_000, arrivedUnixMs: startUnixMs + second * 1_000 + delayMs });
    expect(clock.unixMsOf(2_500)).toBe(startUnixMs + 2_520);
    expect(clock.isSettled).toBe(true);
  });

  it('follows a camera whose clock is slow', () => {
    const clock = new StreamClock();
    const driftPerSecond = 0.05;
    for (let second = 0; second < 3_600; second++)
      clock.observe({ endMediaMs: second * (1_000 - driftPerSecond), arrivedUnixMs: startUnixMs + second * 1_000 });
    const errorMs = clock.unixMsOf(3_600 * (1_000 - driftPerSecond)) - (startUnixMs + 3_600_000);
    expect(Math.abs(errorMs)).toBeLessThan(5);
  });

  it('is broken by times that jump, not by a network that stalls and catches up', () => {
    const clock = new StreamClock();
    const arrive = (endMediaMs: number, afterMs: number) => clock.observe({ endMediaMs, arrivedUnixMs: startUnixMs + afterMs });
    expect(arrive(1_000, 1_000)).toBe('steady');
    expect(arrive(2_000, 9_000)).toBe('steady');
    expect(arrive(3_000, 9_010)).toBe('steady');
    expect(arrive(60_000, 10_000)).toBe('broken');
    expect(arrive(4_000, 14_500)).toBe('broken');
  });
});
