import { describe, expect, it } from '@jest/globals';
import { StreamClock } from './stream-clock.js';

const startUnixMs = 1_700_000_000_000;

/** What a clock says to fragments that end at these times of the media and come so long after the begin. */
function observed(fragments: readonly (readonly [endMediaMs: number, afterMs: number, setMs?: number])[]): string[] {
  const clock = new StreamClock();
  return fragments.map(([endMediaMs, afterMs, setMs = 0]) =>
    clock.observe({ endMediaMs, arrived: { unixMs: startUnixMs + afterMs + setMs, monotonicMs: 77_000 + afterMs } }),
  );
}

const arrivedAfter = (ms: number) => ({ unixMs: startUnixMs + ms, monotonicMs: ms });
const steady = (count: number) => Array.from({ length: count }, () => 'steady');

describe('the clock of a stream', () => {
  it('takes the quickest delivery as the truth', () => {
    const clock = new StreamClock();
    for (const [second, delayMs] of [900, 40, 300, 20, 500].entries())
      clock.observe({ endMediaMs: second * 1_000, arrived: arrivedAfter(second * 1_000 + delayMs) });
    expect(clock.unixMsOf(2_500)).toBe(startUnixMs + 2_520);
    expect(clock.isSettled).toBe(true);
  });

  it('follows a camera whose clock is slow', () => {
    const clock = new StreamClock();
    const driftPerSecond = 0.05;
    for (let second = 0; second < 3_600; second++)
      clock.observe({ endMediaMs: second * (1_000 - driftPerSecond), arrived: arrivedAfter(second * 1_000) });
    const errorMs = clock.unixMsOf(3_600 * (1_000 - driftPerSecond)) - (startUnixMs + 3_600_000);
    expect(Math.abs(errorMs)).toBeLessThan(5);
  });

  it('stands a network that stalls and catches up, and one that drops what was late', () => {
    const stalls = [1_000, 2_000, 3_000, 4_000].map((ms) => [ms, 9_000 + ms / 100] as const);
    expect(observed([[0, 0], ...stalls, [10_000, 10_000]])).toEqual(steady(6));
    expect(observed([[0, 0], ...stalls, [12_000, 12_000], [13_000, 13_000]])).toEqual(steady(7));
  });

  it('stands our own delay: at the begin, when all comes late, and later, when it comes more than ten seconds late', () => {
    const late = (fromMs: number, count: number, atMs: number) =>
      Array.from({ length: count }, (_, index) => [fromMs + index * 1_000, atMs + index] as const);
    // FFmpeg got no time to begin: seven seconds came at once.
    expect(observed([...late(1_000, 7, 7_500), [8_000, 8_000], [9_000, 9_000]])).toEqual(steady(9));
    expect(observed([[0, 0], [1_000, 1_000], ...late(2_000, 18, 20_000), [20_000, 20_100]])).toEqual(steady(21));
  });

  it('is broken by a camera whose clock was set ahead', () => {
    expect(
      observed([
        [1_000, 1_000],
        [2_000, 2_000],
        [60_000, 3_000],
      ]),
    ).toEqual(['steady', 'steady', 'broken']);
  });

  it('begins anew with what it knows when the camera paused and its clock did not go on', () => {
    const clock = new StreamClock();
    const observe = (endMediaMs: number, afterMs: number) => clock.observe({ endMediaMs, arrived: arrivedAfter(afterMs) });
    const before = [1_000, 2_000, 3_000].map((ms) => observe(ms, ms));
    const after = [4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000].map((ms) => observe(ms, ms + 12_000 + (ms % 3) * 20));
    expect([...before, ...after]).toEqual([...steady(8), 'shifted', 'steady']);
    expect(clock.unixMsOf(9_000)).toBe(startUnixMs + 21_000);
  });

  it('is broken by media that stand still', () => {
    const still = Array.from({ length: 10 }, (_, second) => [2_000 + second, 12_500 + second * 1_000] as const);
    expect(observed([[1_000, 1_000], [2_000, 2_000], ...still])).toContain('broken');
  });

  it.each([3_600_000, -3_600_000, 86_400_000, 5_000, -5_000])('goes with a time of day that was set by %i ms', (setMs) => {
    const clock = new StreamClock();
    const observe = (ms: number, unixMs: number) => clock.observe({ endMediaMs: ms, arrived: { unixMs, monotonicMs: ms } });
    // The one that comes with the new time comes late: what was known before counts.
    const before = [1_000, 2_000, 3_000].map((ms) => observe(ms, startUnixMs + ms));
    const after = [5_000, 6_000].map((ms) => observe(ms - 900, startUnixMs + ms - 900 + setMs));
    expect([...before, ...after]).toEqual([...steady(3), 'shifted', 'steady']);
    expect(clock.unixMsOf(4_000)).toBe(startUnixMs + 4_000 + setMs);
  });

  it('follows a second that is smeared', () => {
    const fragments = Array.from({ length: 100 }, (_, second) => [second * 1_000, second * 1_000, second * 10] as const);
    expect(observed(fragments)).toEqual(steady(100));
  });
});
