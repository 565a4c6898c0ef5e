import { describe, expect, it } from '@jest/globals';
import type { SeenFace } from '../seen-face.js';
import { clusterTracks } from './cluster-tracks.js';
import type { TrackedFrame } from './person-tracks.js';
import { groupPersons } from './persons.js';

const box = { x1: 0.1, y1: 0, x2: 0.3, y2: 1 };
const otherBox = { x1: 0.6, y1: 0, x2: 0.8, y2: 1 };
const faceBox = { x1: 0.17, y1: 0.05, x2: 0.23, y2: 0.15 };
const otherFaceBox = { x1: 0.67, y1: 0.05, x2: 0.73, y2: 0.15 };

/** Unit vectors by angle: the cosine of two is the cosine of what lies between them. */
const at = (degrees: number) => Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
const sighting = (where = box) => ({ box: where, areaShare: 0.2, confidence: 0.9 });

function face(degrees: number, more: Partial<SeenFace> = {}): SeenFace {
  return { box: faceBox, quality: 0.01, age: 30, gender: 'female', descriptor: at(degrees), thumbnail: Buffer.from('jpeg'), ...more };
}

function frame(atSeconds: number, shot: number, tracks: Record<number, typeof box>): TrackedFrame {
  return { atSeconds, shot, sightings: new Map(Object.entries(tracks).map(([track, where]) => [Number(track), sighting(where)])) };
}

describe('groupPersons', () => {
  // A alone, then B alone, then both, in three shots.
  const frames = [frame(0, 0, { 1: box }), frame(1, 1, { 2: box }), frame(2, 2, { 3: box, 4: otherBox })];
  const faces = [
    { atSeconds: 0, faces: [face(0)] },
    { atSeconds: 1, faces: [face(90)] },
    { atSeconds: 2, faces: [face(5), face(85, { box: otherFaceBox })] },
  ];

  it('knows a face again in another shot', () => {
    const { personOf, features } = groupPersons({ frames, faces, threshold: 0.62 });
    expect([1, 2, 3, 4].map((track) => personOf.get(track))).toEqual([1, 2, 1, 2]);
    expect([...features.keys()]).toEqual([1, 2]);
    expect(features.get(1)?.face_embedding[0]).toBeCloseTo(Math.cos((2.5 * Math.PI) / 180), 4);
    expect(features.get(2)).toMatchObject({ age: 30, gender: 'female', face_thumbnail: Buffer.from('jpeg').toString('base64') });
  });

  it('never takes two who are on screen together for one', () => {
    const twins = [{ atSeconds: 2, faces: [face(0), face(0, { box: otherFaceBox })] }];
    const { personOf } = groupPersons({ frames, faces: twins, threshold: 0.62 });
    expect(personOf.get(3)).not.toBe(personOf.get(4));
  });

  it('keeps every track a person of its own without faces, without descriptors, and without a threshold', () => {
    const everybody = new Map([1, 2, 3, 4].map((track) => [track, track]));
    const plain = faces.map((picture) => ({
      ...picture,
      faces: picture.faces.map((each) => ({ ...each, descriptor: new Float32Array() })),
    }));
    expect(groupPersons({ frames, faces: [], threshold: undefined }).personOf).toEqual(everybody);
    expect(groupPersons({ frames, faces: plain, threshold: 0.62 }).personOf).toEqual(everybody);
    expect(groupPersons({ frames, faces, threshold: undefined }).personOf).toEqual(everybody);
    expect(groupPersons({ frames, faces: plain, threshold: 0.62 }).features.get(1)).toMatchObject({ age: 30, face_embedding: [] });
  });
});

describe('clusterTracks', () => {
  const track = (degrees: number, firstSeconds: number) => ({ vector: at(degrees), firstSeconds, lastSeconds: firstSeconds });

  it('joins the most alike first, so that who stands between two goes to the nearer', () => {
    expect(clusterTracks([track(0, 0), track(50, 1), track(30, 2)], Math.cos((25 * Math.PI) / 180))).toEqual([0, 1, 1]);
  });

  it('compares groups by their mean, so that a chain of small steps does not join its ends', () => {
    const groups = clusterTracks(
      [0, 20, 40, 60, 80, 100].map((degrees, index) => track(degrees, index)),
      Math.cos((25 * Math.PI) / 180),
    );
    expect(groups[0]).not.toBe(groups[5]);
  });

  it('leaves all apart when the threshold is out of reach', () => {
    expect(clusterTracks([track(0, 0), track(90, 1), track(180, 2)], 0.62)).toEqual([0, 1, 2]);
    expect(clusterTracks([], 0.62)).toEqual([]);
  });

  it('does not join a group with anybody who was on screen with one of its members', () => {
    const groups = clusterTracks([track(0, 0), track(0, 1), track(1, 1)], 0.62);
    expect(groups[1]).not.toBe(groups[2]);
    expect(new Set(groups).size).toBe(2);
  });
});
