import { describe, expect, it } from '@jest/globals';
import { decodeFacemesh, fiveLandmarks } from './facemesh-decoder.js';
import { floats } from './tensors.fixture.js';

/** The places of the canonical face model that the landmarks are made of, as on an upright face. */
const upright: Readonly<Record<number, readonly [number, number]>> = {
  33: [60, 80],
  133: [80, 82],
  362: [112, 82],
  263: [132, 80],
  1: [96, 110],
  61: [76, 140],
  291: [116, 142],
};

function outputsOf(points: Readonly<Record<number, readonly [number, number]>>, presence = 1) {
  const mesh = floats([1, 1404]);
  for (const [place, [x, y]] of Object.entries(points)) mesh.data.set([x, y, -5], Number(place) * 3);
  return new Map([
    ['Identity_2', mesh],
    ['Identity_1', floats([1, 1], [presence])],
    ['Identity', floats([1, 266])],
  ]);
}

describe('decodeFacemesh', () => {
  it('gives 468 points with their depth, and how likely there is a face', () => {
    const { points, presence } = decodeFacemesh(outputsOf(upright, 0.75));
    expect(presence).toBe(0.75);
    expect(points).toHaveLength(468);
    expect(points[291]).toEqual({ x: 116, y: 142, z: -5 });
  });

  it('takes the middle of each eye, the tip of the nose and the corners of the mouth', () => {
    expect(fiveLandmarks(decodeFacemesh(outputsOf(upright)))).toEqual([
      { x: 70, y: 81 },
      { x: 122, y: 81 },
      { x: 96, y: 110 },
      { x: 76, y: 140 },
      { x: 116, y: 142 },
    ]);
  });

  it('says left and right as seen in the image for a face upside down, too', () => {
    const turned = Object.fromEntries(Object.entries(upright).map(([place, [x, y]]) => [place, [192 - x, 192 - y] as const]));
    expect(fiveLandmarks(decodeFacemesh(outputsOf(turned)))).toEqual([
      { x: 70, y: 111 },
      { x: 122, y: 111 },
      { x: 96, y: 82 },
      { x: 76, y: 50 },
      { x: 116, y: 52 },
    ]);
  });

  it('refuses what is no number, and outputs of another model', () => {
    expect(() => decodeFacemesh(outputsOf({ 5: [NaN, 1] }))).toThrow('output "Identity_2" of the model holds a point that is not a number');
    expect(() => decodeFacemesh(outputsOf({}, NaN))).toThrow('output "Identity_1" of the model holds NaN, expected a probability');
    expect(() => decodeFacemesh(new Map([['Identity_2', floats([1, 1434])]]))).toThrow('has the shape [1, 1434], expected [1, 1404]');
  });
});
