import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { UnitTimeline } from './unit-timeline.js';

const frameMs = 1_000 / 25;

/** Places units of 25 pictures a second, each `waitedMs` after the one before. */
function stream() {
  const clock = new FakeClock();
  const timeline = new UnitTimeline(clock);
  return (cameraMs: readonly number[], waitedMs = frameMs) =>
    cameraMs.map((ms) => {
      clock.advance(waitedMs);
      const unit = timeline.place({ codec: 'h264', bytes: Buffer.alloc(0), isKey: false, pts90k: Math.round(ms * 90) });
      return { ptsMs: unit.ptsMs, offMs: unit.ptsMs - unit.arrivedMonotonicMs };
    });
}

const frames = (fromMs: number, count: number) => Array.from({ length: count }, (_, index) => fromMs + index * frameMs);
const stepsOf = (units: readonly { ptsMs: number }[]) => units.slice(1).map(({ ptsMs }, index) => ptsMs - (units[index]?.ptsMs ?? 0));

describe('times of units on our clock', () => {
  it('are as exact as those of the camera, however they arrive', () => {
    const place = stream();
    const units = [
      ...place(frames(7_000, 10)),
      ...place(frames(7_400, 1), 700),
      ...place(frames(7_440, 17), 0),
      ...place(frames(8_120, 9)),
    ];
    expect(stepsOf(units).every((ms) => Math.abs(ms - frameMs) < 0.02)).toBe(true);
    expect(units[0]?.offMs).toBe(0);
  });

  it('do not go back when we were away for longer than a camera may be late, and read all of it at once', () => {
    const place = stream();
    const units = [
      ...place(frames(0, 50)),
      ...place(frames(2_000, 1), 8_000),
      ...place(frames(2_040, 198), 0),
      ...place(frames(9_960, 50)),
    ];
    const steps = stepsOf(units);
    expect(Math.min(...steps)).toBeGreaterThan(frameMs - 2);
    expect(Math.max(...steps)).toBeLessThan(frameMs + 2);
  });

  it('go on when the clock of the camera is set back', () => {
    const place = stream();
    const units = [...place(frames(60_000, 50)), ...place(frames(57_000, 50)), ...place(frames(50_000, 50))];
    expect(stepsOf(units).every((ms) => Math.abs(ms - frameMs) < 0.02)).toBe(true);
  });

  it('follow a camera whose clock is fast or slow', () => {
    for (const rate of [0.99, 1.01]) {
      const place = stream();
      const units = place(frames(0, 25 * 1_200).map((ms) => ms * rate));
      expect(Math.max(...units.map(({ offMs }) => Math.abs(offMs)))).toBeLessThan(1_100);
      expect(Math.min(...stepsOf(units))).toBeGreaterThan(0);
    }
  });
});
