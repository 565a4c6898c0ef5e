import { describe, expect, it } from '@jest/globals';
import { axis, knownFace } from './faces.fixture.js';
import { unitVectorOf } from './known-face.js';
import { matchFaces, type FaceQuery } from './match-faces.js';

const query = (changes: Partial<FaceQuery> = {}): FaceQuery => ({
  unitVector: axis(0),
  modelFingerprint: 'f1',
  threshold: 0.5,
  max: 10,
  ...changes,
});
const idsOf = (matches: readonly { face: { person_id: string } }[]) => matches.map(({ face }) => face.person_id);

describe('a unit vector', () => {
  it('has length 1 and the direction of the embedding, whatever its scale', () => {
    for (const scale of [1e-30, 1, 1e30]) {
      const [x, y, z] = unitVectorOf([3 * scale, 4 * scale, 0])!;
      expect([x, y, z]).toEqual([Math.fround(0.6), Math.fround(0.8), 0]);
    }
  });

  it.each([[[0, 0]], [[Number.NaN, 1]], [[Infinity, 1]], [[]]])('does not exist for %j', (embedding) => {
    expect(unitVectorOf(embedding)).toBeUndefined();
  });
});

describe('a match', () => {
  it('is every face that is like enough, best first', () => {
    const faces = [
      knownFace('far', { embedding: axis(5) }),
      knownFace('near', { embedding: axis(0, 1) }),
      knownFace('same', { embedding: axis(0) }),
      knownFace('nearer', { embedding: axis(0, 0.5) }),
    ];
    const { comparedCount, matches, otherModelCount } = matchFaces(faces, query());
    expect(idsOf(matches)).toEqual(['same', 'nearer', 'near']);
    expect(matches.map(({ similarity }) => similarity)).toEqual([
      1,
      expect.closeTo(Math.cos(Math.atan(0.5)), 6),
      expect.closeTo(Math.SQRT1_2, 6),
    ]);
    expect([comparedCount, otherModelCount]).toEqual([4, 0]);
  });

  it('must reach the threshold: equal is enough', () => {
    const faces = [knownFace('a', { embedding: axis(0) }), knownFace('b', { embedding: axis(1) })];
    expect(idsOf(matchFaces(faces, query({ threshold: 1 })).matches)).toEqual(['a']);
    expect(idsOf(matchFaces(faces, query({ threshold: 0 })).matches)).toEqual(['a', 'b']);
  });

  it('of a face with itself is exactly 1 and never more, rounding or not', () => {
    for (let seed = 1; seed < 200; seed++) {
      const embedding = Float32Array.from({ length: 130 }, (_, index) => Math.sin(seed * 7 + index * 3));
      const unitVector = unitVectorOf(embedding)!;
      const [match] = matchFaces([knownFace('a', { embedding })], query({ unitVector })).matches;
      expect(match!.similarity).toBeLessThanOrEqual(1);
      expect(match!.similarity).toBeGreaterThan(0.999_999);
    }
  });

  it('counts every number of an embedding whose length is no multiple of four', () => {
    const embedding = new Float32Array(67);
    embedding[66] = 1;
    const { matches } = matchFaces([knownFace('a', { embedding })], query({ unitVector: embedding }));
    expect(matches[0]!.similarity).toBe(1);
  });

  it('is never made between embeddings of different models, and the answer says how many were left out', () => {
    const faces = [
      knownFace('mine'),
      knownFace('other model', { model_fingerprint: 'f2' }),
      knownFace('other length', { embedding: axis(0, 0, 128) }),
    ];
    const answer = matchFaces(faces, query());
    expect([idsOf(answer.matches), answer.comparedCount, answer.otherModelCount]).toEqual([['mine'], 1, 2]);
  });

  it('is looked for in one category only when one is named, in capitals or not', () => {
    const faces = [
      knownFace('a', { category: 'watchlist' }),
      knownFace('b', { category: 'Watchlist' }),
      knownFace('c', { category: 'employee' }),
      knownFace('d', { category: 'employee', model_fingerprint: 'f2' }),
    ];
    const answer = matchFaces(faces, query({ category: 'watchlist' }));
    expect([idsOf(answer.matches), answer.comparedCount, answer.otherModelCount]).toEqual([['a', 'b'], 2, 0]);
  });

  it('comes as often as asked for at most, and equal ones always in the same order', () => {
    const faces = ['d', 'b', 'a', 'c'].map((personId) => knownFace(personId));
    expect(idsOf(matchFaces(faces, query({ max: 3 })).matches)).toEqual(['a', 'b', 'c']);
  });
});
