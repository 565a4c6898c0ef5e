import { describe, expect, it } from '@jest/globals';
import { MotionBackground, motionPlane, type LumaPlane } from './motion-background.js';

const { widthPixels, heightPixels } = motionPlane;

interface Patch {
  x: number;
  y: number;
  width: number;
  height: number;
  level: number;
}

/** A scene with some structure: brightness rises to the right, 60..147. */
function scene({ patches = [], brighter = 0 }: { patches?: Patch[]; brighter?: number } = {}): LumaPlane {
  const luma = Uint8Array.from({ length: widthPixels * heightPixels }, (_, index) => 60 + Math.floor((index % widthPixels) / 2) + brighter);
  for (const { x, y, width, height, level } of patches) {
    for (let row = y; row < y + height; row++) luma.fill(level, row * widthPixels + x, row * widthPixels + x + width);
  }
  return { ...motionPlane, luma };
}
const person = (x: number, y = 40): Patch => ({ x, y, width: 5, height: 12, level: 200 });
const still = { score: 0, regions: [], calibrating: false };
const calibrating = { score: 0, regions: [], calibrating: true };

/** Readings of pictures that come every half second. */
function watch(...planes: LumaPlane[]) {
  const background = new MotionBackground();
  return planes.map((plane, index) => background.update(plane, index * 500));
}

describe('MotionBackground', () => {
  it('says nothing of the first picture, and nothing moves on the same one', () => {
    expect(watch(scene(), scene(), scene())).toEqual([calibrating, still, still]);
  });

  it('finds what came into the picture where it is, and what left where it was', () => {
    const [, came] = watch(scene(), scene({ patches: [person(30)] }));
    expect(came).toEqual({ score: 60 / 17_600, regions: [{ x1: 30, y1: 40, x2: 35, y2: 52 }], calibrating: false });
    const left = watch(scene({ patches: [person(30)] }), scene()).at(-1);
    expect(left!.regions).toEqual([{ x1: 30, y1: 40, x2: 35, y2: 52 }]);
  });

  it('keeps two that move apart, and takes what nearly touches as one; the larger first', () => {
    const apart = watch(scene(), scene({ patches: [person(20), { ...person(100), height: 30 }] })).at(-1);
    expect(apart!.regions).toEqual([
      { x1: 100, y1: 40, x2: 105, y2: 70 },
      { x1: 20, y1: 40, x2: 25, y2: 52 },
    ]);
    const near = watch(scene(), scene({ patches: [person(20), person(27, 50)] })).at(-1);
    expect(near!.regions).toEqual([{ x1: 20, y1: 40, x2: 32, y2: 62 }]);
  });

  it('does not join the right edge with the left edge of the next row', () => {
    const edges = [
      { x: widthPixels - 3, y: 20, width: 3, height: 8, level: 220 },
      { x: 0, y: 24, width: 3, height: 8, level: 220 },
    ];
    expect(watch(scene(), scene({ patches: edges })).at(-1)!.regions).toEqual([
      { x1: widthPixels - 3, y1: 20, x2: widthPixels, y2: 28 },
      { x1: 0, y1: 24, x2: 3, y2: 32 },
    ]);
  });

  it('takes single pixels and small differences for noise', () => {
    const noise = Array.from({ length: 20 }, (_, index) => ({ x: index * 8, y: (index * 37) % 90, width: 2, height: 2, level: 250 }));
    const faint = { x: 30, y: 20, width: 20, height: 20, level: 85 };
    expect(watch(scene(), scene({ patches: noise }), scene({ patches: [faint] }))).toEqual([calibrating, still, still]);
  });

  it('takes a change of brightness of the whole picture for no motion, and sees what moves in it', () => {
    const readings = watch(scene(), scene({ brighter: 40 }), scene({ brighter: 20 }));
    // 40 levels on every pixel are a lamp, 20 a cloud.
    expect(readings).toEqual([calibrating, calibrating, still]);
    const moving = watch(scene(), scene({ brighter: 20, patches: [person(30)] })).at(-1);
    expect(moving!.regions).toEqual([{ x1: 30, y1: 40, x2: 35, y2: 52 }]);
  });

  it('begins anew after lightning, and once more when it is dark again', () => {
    const flash = { ...motionPlane, luma: new Uint8Array(widthPixels * heightPixels).fill(250) };
    expect(watch(scene(), flash, scene(), scene())).toEqual([calibrating, calibrating, calibrating, still]);
    const after = watch(scene(), flash, scene(), scene({ patches: [person(30)] })).at(-1);
    expect(after!.regions).toHaveLength(1);
  });

  it('begins anew when the picture gets another size', () => {
    const small = { widthPixels: 88, heightPixels: 50, luma: new Uint8Array(88 * 50).fill(100) };
    expect(watch(scene(), small, small)).toEqual([calibrating, calibrating, still]);
  });

  it('takes in what stays: minutes for what was parked, not while it is seen moving', () => {
    const parked = scene({ patches: [person(30)] });
    const background = new MotionBackground();
    background.update(scene(), 0);
    const moves = Array.from({ length: 600 }, (_, index) => background.update(parked, 500 * (index + 1)).regions.length > 0);
    const secondsUntilStill = moves.indexOf(false) / 2;
    expect(secondsUntilStill).toBeGreaterThan(60);
    expect(secondsUntilStill).toBeLessThan(240);
    // It leaves again: the background did not forget what lay behind it at once, so that is seen too.
    expect(background.update(scene(), 301_000).regions).toHaveLength(1);
  });

  it('compares with the last picture when pictures come minutes apart', () => {
    const background = new MotionBackground();
    background.update(scene(), 0);
    expect(background.update(scene({ patches: [person(30)] }), 600_000).regions).toHaveLength(1);
    expect(background.update(scene({ patches: [person(30)] }), 1_200_000)).toEqual(still);
  });

  it('names sixteen regions at most, and counts all of them in the score', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({
      x: (index % 10) * 16,
      y: Math.floor(index / 10) * 30,
      width: 4,
      height: 4,
      level: 250,
    }));
    const reading = watch(scene(), scene({ patches: many })).at(-1);
    expect(reading!.regions).toHaveLength(16);
    expect(reading!.score).toBeCloseTo((30 * 16) / 17_600, 6);
  });
});
