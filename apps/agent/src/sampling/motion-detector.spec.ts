import { describe, expect, it } from '@jest/globals';
import type { LumaPlane } from '@nightjar/media';
import { MotionDetector, type MotionObservation } from './motion-detector.js';
import { motionRegions } from './motion-regions.js';

const size = { width: 160, height: 90 };

/** A scene of a seeded camera: a gradient, noise, and bright boxes. */
class Scene {
  private seed = 1;

  plane(options: { boxes?: readonly [number, number, number, number][]; light?: number; noise?: number } = {}): LumaPlane {
    const { boxes = [], light = 0, noise = 3 } = options;
    const pixels = new Uint8Array(size.width * size.height);
    for (let at = 0; at < pixels.length; at++) pixels[at] = clamp(40 + (at % size.width) / 2 + light + this.noise(noise));
    for (const [left, top, width, height] of boxes)
      for (let y = top; y < top + height; y++)
        for (let x = left; x < left + width; x++) pixels[y * size.width + x] = clamp(200 + light + this.noise(noise));
    return { ...size, pixels };
  }

  private noise(range: number): number {
    this.seed = (this.seed * 69_069 + 12_345) % 0x7fffffff;
    return (this.seed / 0x40000000 - 1) * range;
  }
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Two frames a second. */
let atMs = 0;
function look(detector: MotionDetector, plane: LumaPlane): MotionObservation {
  return detector.observe(plane, (atMs += 500));
}

function watch(detector: MotionDetector, planes: Iterable<LumaPlane>): MotionObservation[] {
  return Array.from(planes, (plane) => look(detector, plane));
}

function calibrated(scene: Scene, noise = 3): MotionDetector {
  const detector = new MotionDetector();
  watch(
    detector,
    Array.from({ length: 20 }, () => scene.plane({ noise })),
  );
  return detector;
}

describe('motion on small planes', () => {
  it('is quiet for a quiet scene, noisy nights included, once it knows it', () => {
    for (const noise of [1, 6, 15]) {
      const scene = new Scene();
      const detector = calibrated(scene, noise);
      const seen = watch(
        detector,
        Array.from({ length: 60 }, () => scene.plane({ noise })),
      );
      expect(seen.filter(({ verdict }) => verdict !== 'quiet')).toHaveLength(0);
    }
  });

  it('shows where something walks, and goes quiet when it has left', () => {
    const scene = new Scene();
    const detector = calibrated(scene);
    for (let step = 0; step < 10; step++) {
      const { verdict, motion } = look(detector, scene.plane({ boxes: [[20 + step * 8, 40, 8, 24]] }));
      expect(verdict).toBe('moving');
      const [region] = motion.regions;
      expect(region?.x1).toBeLessThanOrEqual((20 + step * 8) / 160);
      expect(region?.x2).toBeGreaterThanOrEqual((28 + step * 8) / 160);
      expect(region?.y2).toBeGreaterThanOrEqual(64 / 90);
    }
    const after = watch(
      detector,
      Array.from({ length: 5 }, () => scene.plane()),
    );
    expect(after.at(-1)?.verdict).toBe('quiet');
  });

  it('calls a change of light by its name, calibrates, and sees a person right after', () => {
    const scene = new Scene();
    const detector = calibrated(scene);
    expect(look(detector, scene.plane({ light: 80 })).verdict).toBe('lighting');
    const verdicts = watch(
      detector,
      Array.from({ length: 6 }, () => scene.plane({ light: 80 })),
    ).map(({ verdict }) => verdict);
    expect(verdicts.at(-1)).toBe('quiet');
    expect(look(detector, scene.plane({ light: 80, boxes: [[60, 40, 8, 24]] })).verdict).toBe('moving');
  });

  it('is never wedged: a calibration in the middle of motion ends', () => {
    const scene = new Scene();
    const detector = new MotionDetector();
    const verdicts = Array.from({ length: 60 }, (_none, step) =>
      look(detector, scene.plane({ boxes: [[(step * 13) % 100, 10, 50, 70]] })),
    ).map(({ verdict }) => verdict);
    expect(verdicts.slice(45)).toEqual(Array.from({ length: 15 }, () => 'moving'));
  });

  it('learns a clock that is burnt into the picture, and still sees a person', () => {
    const scene = new Scene();
    const detector = calibrated(scene);
    const clock = (step: number): [number, number, number, number] => (step % 2 === 0 ? [2, 2, 20, 5] : [6, 2, 20, 5]);
    const seen = Array.from({ length: 250 }, (_none, step) => look(detector, scene.plane({ boxes: [clock(step)] })));
    expect(seen.slice(220).filter(({ verdict }) => verdict === 'moving')).toHaveLength(0);
    // The digits that change, and nothing of the yard.
    expect(detector.restlessShare).toBeGreaterThan(0);
    expect(detector.restlessShare).toBeLessThan((24 * 5) / (size.width * size.height));
    expect(look(detector, scene.plane({ boxes: [clock(0), [100, 40, 8, 24]] }))).toMatchObject({
      verdict: 'moving',
      motion: { regions: [{}] },
    });
  });

  it('begins anew when the planes have another size', () => {
    const detector = calibrated(new Scene());
    expect(look(detector, { width: 10, height: 10, pixels: new Uint8Array(100) }).verdict).toBe('calibrating');
  });

  it('takes little time', () => {
    const scene = new Scene();
    const detector = calibrated(scene);
    const planes = Array.from({ length: 50 }, (_none, step) => scene.plane({ boxes: [[step * 2, 40, 8, 24]] }));
    const before = process.cpuUsage();
    watch(detector, planes);
    // 0.2 ms here, of the CPU, which may be somebody else's for a while; the bound only catches something of another order.
    const { system, user } = process.cpuUsage(before);
    expect((system + user) / 1_000 / planes.length).toBeLessThan(20);
  });
});

describe('motion regions', () => {
  const maskOf = (...boxes: [number, number, number, number][]) => {
    const mask = new Uint8Array(size.width * size.height);
    for (const [left, top, width, height] of boxes)
      for (let y = top; y < top + height; y++) mask.fill(1, y * size.width + left, y * size.width + left + width);
    return mask;
  };

  it('are a third larger than what moved, have a smallest size, and stay in the picture', () => {
    expect(motionRegions(maskOf([40, 20, 80, 40]), size)).toEqual([
      { x1: expect.closeTo(26 / 160), y1: expect.closeTo(13 / 90), x2: expect.closeTo(134 / 160), y2: expect.closeTo(67 / 90) },
    ]);
    expect(motionRegions(maskOf([0, 85, 4, 5]), size)).toEqual([
      { x1: 0, y1: expect.closeTo(0.85), x2: expect.closeTo(0.15), y2: expect.closeTo(1) },
    ]);
  });

  it('join what is near, and leave out single pixels', () => {
    expect(motionRegions(maskOf([40, 20, 10, 20], [52, 22, 10, 20], [120, 60, 1, 1]), size)).toHaveLength(1);
    expect(motionRegions(maskOf([10, 20, 10, 20], [120, 22, 10, 20]), size)).toHaveLength(2);
    expect(motionRegions(new Uint8Array(size.width * size.height), size)).toEqual([]);
  });

  it('are eight at most, and cover everything nevertheless', () => {
    const boxes = Array.from({ length: 20 }, (_none, index): [number, number, number, number] => [
      (index % 5) * 32 + 4,
      Math.floor(index / 5) * 22 + 4,
      4,
      4,
    ]);
    const regions = motionRegions(maskOf(...boxes), size);
    expect(regions.length).toBeLessThanOrEqual(8);
    for (const [left, top] of boxes)
      expect(
        regions.some(({ x1, y1, x2, y2 }) => x1 <= left / 160 && x2 >= (left + 4) / 160 && y1 <= top / 90 && y2 >= (top + 4) / 90),
      ).toBe(true);
  });
});
