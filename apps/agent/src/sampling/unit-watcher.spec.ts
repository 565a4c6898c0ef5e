import { describe, expect, it } from '@jest/globals';
import { UnitWatcher } from './unit-watcher.js';

/** A camera of 15 units a second with a key frame every two seconds, whose sizes are drawn. Pictures are looked at twice a second. */
class Camera {
  nowMs = 0;
  jumps: number[] = [];
  private units = 0;
  private seed = 7;

  constructor(readonly watcher: UnitWatcher) {}

  /** `log2` of the sizes of units, `noise` their spread. */
  play(seconds: number, size: { log2: number; noise: number }, options: { moving?: boolean; looksEveryMs?: number } = {}): this {
    const { moving = false, looksEveryMs = 500 } = options;
    let lookedAtMs = this.nowMs;
    for (const endMs = this.nowMs + seconds * 1_000; this.nowMs < endMs; this.nowMs += 1_000 / 15) {
      const isKey = this.units++ % 30 === 0;
      const bytes = 2 ** (size.log2 + (isKey ? 4 : 0) + this.random() * size.noise);
      if (this.watcher.observe({ bytes, isKey }, this.nowMs)) this.jumps.push(this.nowMs);
      if (this.nowMs - lookedAtMs < looksEveryMs) continue;
      lookedAtMs = this.nowMs;
      if (moving) this.watcher.sawMotion(this.nowMs);
      else this.watcher.sawQuiet(this.nowMs);
    }
    return this;
  }

  /** Nearly normal, deviation 0.5. */
  private random(): number {
    let sum = 0;
    for (let turn = 0; turn < 3; turn++) {
      this.seed = (this.seed * 69_069 + 12_345) % 0x7fffffff;
      sum += this.seed / 0x7fffffff;
    }
    return sum - 1.5;
  }
}

describe('the watch over sizes of units', () => {
  it('says nothing before it knows the quiet scene', () => {
    const camera = new Camera(new UnitWatcher());
    camera.play(2, { log2: 8, noise: 0.5 }).play(1, { log2: 12, noise: 0.5 }, { moving: true });
    expect(camera.jumps).toEqual([]);
    expect(camera.watcher.separation).toBe('learning');
  });

  it('tells motion within a second where a camera spends its bits on motion, and then says that it separates', () => {
    const camera = new Camera(new UnitWatcher());
    camera.play(60, { log2: 8, noise: 1 });
    expect(camera.jumps).toEqual([]);
    expect(camera.watcher.separation).toBe('untested');
    const beganMs = camera.nowMs;
    camera.play(5, { log2: 11, noise: 1 }, { moving: true });
    expect((camera.jumps[0] ?? Number.POSITIVE_INFINITY) - beganMs).toBeLessThan(1_000);
    expect(camera.watcher.separation).toBe('separates');
  });

  it('says that there is no separation where sizes do not change, and is silent', () => {
    const camera = new Camera(new UnitWatcher());
    camera.play(60, { log2: 14, noise: 0.3 });
    for (let turn = 0; turn < 3; turn++) camera.play(5, { log2: 14, noise: 0.3 }, { moving: true }).play(20, { log2: 14, noise: 0.3 });
    expect(camera.watcher.separation).toBe('no separation');
    camera.jumps = [];
    camera.play(5, { log2: 17, noise: 0.3 }, { looksEveryMs: 60_000 });
    expect(camera.jumps).toEqual([]);
  });

  it('does not blame the sizes when a key frame shows motion before they can', () => {
    const watcher = new UnitWatcher();
    const camera = new Camera(watcher);
    camera.play(60, { log2: 8, noise: 1 });
    watcher.sawMotion(camera.nowMs);
    camera.play(4, { log2: 11, noise: 1 }, { moving: true });
    expect(watcher.separation).toBe('separates');
  });

  it('wakes at most a few times an hour for nothing, on the noisiest night', () => {
    const camera = new Camera(new UnitWatcher());
    camera.play(60, { log2: 11, noise: 0.6 });
    let wakes = 0;
    for (let minute = 0; minute < 60; minute++) {
      // Noise that comes in bursts and shows in no picture; every jump wakes, and is found to be false six seconds later.
      camera.jumps = [];
      camera.play(52, { log2: 11, noise: 0.6 }).play(8, { log2: 13, noise: 0.6 });
      if (camera.jumps.length === 0) continue;
      wakes++;
      camera.watcher.sawFalseJump(camera.nowMs);
    }
    expect(wakes).toBeGreaterThan(0);
    expect(wakes).toBeLessThanOrEqual(6);
  });

  it('learns a scene that changed for good', () => {
    const camera = new Camera(new UnitWatcher());
    camera.play(60, { log2: 8, noise: 0.5 });
    camera.play(8, { log2: 10, noise: 0.5 });
    expect(camera.jumps.length).toBeGreaterThan(0);
    camera.watcher.sawFalseJump(camera.nowMs);
    camera.play(30, { log2: 10, noise: 0.5 });
    camera.jumps = [];
    camera.play(60, { log2: 10, noise: 0.5 });
    expect(camera.jumps).toEqual([]);
    camera.play(2, { log2: 13, noise: 0.5 }, { moving: true });
    expect(camera.jumps.length).toBeGreaterThan(0);
  });
});
