import { describe, expect, it } from '@jest/globals';
import { featuresOf, meanDescriptor } from './person-id.js';
import { assignFaces, keepFaces, type SeenFace } from './seen-face.js';

const box = (x1: number, y1: number, x2: number, y2: number) => ({ x1, y1, x2, y2 });

function face(more: Partial<SeenFace> = {}): SeenFace {
  return {
    box: box(0.1, 0.1, 0.2, 0.2),
    quality: 0.01,
    age: undefined,
    gender: undefined,
    descriptor: new Float32Array(),
    thumbnail: null,
    ...more,
  };
}

describe('keepFaces', () => {
  it('keeps the eight largest, in shares of the picture', () => {
    const faces = Array.from({ length: 12 }, (_unused, index) => ({
      bbox: [0, 0, 10 + index, 10] as [number, number, number, number],
      confidence: 1,
    }));
    const kept = keepFaces({
      detections: [],
      faces,
      picture: { w: 100, h: 50 },
      model: { name: 'm', version: '1', fingerprint: 'f' },
      latency_ms: 1,
    });
    expect(kept.map(({ box: { x2 } }) => Math.round(100 * x2))).toEqual([21, 20, 19, 18, 17, 16, 15, 14]);
    expect(kept[0]?.box.y2).toBeCloseTo(0.2);
  });
});

describe('assignFaces', () => {
  it('gives a face to the person whose head is there', () => {
    const persons = new Map([
      ['left', box(0, 0, 0.5, 1)],
      ['right', box(0.3, 0, 0.8, 1)],
    ]);
    const leftFace = face({ box: box(0.2, 0.05, 0.32, 0.2) });
    const rightFace = face({ box: box(0.48, 0.05, 0.6, 0.2) });
    const assigned = assignFaces(persons, [rightFace, leftFace]);
    expect([assigned.get('left'), assigned.get('right')]).toEqual([leftFace, rightFace]);
  });

  it('gives the face of a child in front of an adult to the child', () => {
    const persons = new Map([
      ['adult', box(0.2, 0, 0.6, 1)],
      ['child', box(0.3, 0.5, 0.5, 1)],
    ]);
    const childsFace = face({ box: box(0.36, 0.51, 0.44, 0.62) });
    expect([...assignFaces(persons, [childsFace])]).toEqual([['child', childsFace]]);
  });

  it('leaves a face that is in nobody’s box, and the second face in one box, to nobody', () => {
    const persons = new Map([['one', box(0, 0, 0.4, 1)]]);
    const near = face({ box: box(0.15, 0.05, 0.25, 0.2) });
    const poster = face({ box: box(0.3, 0.6, 0.4, 0.75) });
    const outside = face({ box: box(0.7, 0.1, 0.8, 0.2) });
    expect([...assignFaces(persons, [poster, outside, near])]).toEqual([['one', near]]);
  });
});

describe('featuresOf', () => {
  it('lets the best five faces speak', () => {
    const bad = Array.from({ length: 5 }, () => face({ age: 90, quality: 0.001, gender: 'male' }));
    const good = [30, 31, 32, 33, 34.5].map((age) => face({ age, quality: 0.02, gender: 'female', thumbnail: Buffer.from(`${age}`) }));
    expect(featuresOf([...bad, ...good])).toEqual({
      age: 32.1,
      gender: 'female',
      face_embedding: [],
      face_thumbnail: Buffer.from('30').toString('base64'),
    });
  });

  it('does not decide a gender on a split vote, nor an age without one', () => {
    const split = [face({ gender: 'male' }), face({ gender: 'female' })];
    expect(featuresOf(split)).toMatchObject({ age: null, gender: 'unidentified' });
    expect(featuresOf([])).toEqual({ age: null, gender: 'unidentified', face_embedding: [], face_thumbnail: null });
  });

  it('tells the mean direction of the descriptors, of length 1', () => {
    const embedding = featuresOf([face({ descriptor: Float32Array.of(1, 0) }), face({ descriptor: Float32Array.of(0, 1) })]).face_embedding;
    expect(embedding).toEqual([0.70711, 0.70711]);
    expect(meanDescriptor([face()])).toHaveLength(0);
  });
});
