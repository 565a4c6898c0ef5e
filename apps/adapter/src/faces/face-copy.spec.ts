import { describe, expect, it } from '@jest/globals';
import { FaceCopy, type FacePage } from './face-copy.js';
import { knownFace } from './faces.fixture.js';

const page = (revision: number, faces: [string, number][], removed: [string, number][] = []): FacePage => ({
  beganAtRevision: 1,
  revision,
  faces: faces.map(([personId, faceRevision]) => knownFace(personId, { revision: faceRevision })),
  removed: removed.map(([personId, removalRevision]) => ({ personId, revision: removalRevision })),
});
const own = (personId: string, revision: number) => ({ personId, revision, known: knownFace(personId, { revision }) });
const ownRemoval = (personId: string, revision: number) => ({ personId, revision, known: undefined });
const contentOf = (copy: FaceCopy) => [...copy.faces.values()].map(({ face }) => [face.person_id, face.revision]);

describe('a copy of a registry', () => {
  it('follows what pages say', () => {
    const copy = new FaceCopy();
    copy.applyPage(
      page(3, [
        ['a', 1],
        ['b', 3],
      ]),
    );
    copy.applyPage(page(6, [['b', 5]], [['a', 6]]));
    expect([contentOf(copy), copy.revision, copy.beganAtRevision]).toEqual([[['b', 5]], 6, 1]);
  });

  it('shows a change of its own at once, and keeps it against pages that are older', () => {
    const copy = new FaceCopy();
    copy.applyPage(page(3, [['a', 1]]));
    copy.applyOwn(own('b', 9));
    copy.applyOwn(ownRemoval('a', 8));
    copy.applyPage(page(7, [['a', 5]], [['b', 6]]));
    expect(contentOf(copy)).toEqual([['b', 9]]);
  });

  it('gives way to what others did after its own change', () => {
    const copy = new FaceCopy();
    copy.applyOwn(own('a', 4));
    copy.applyOwn(ownRemoval('b', 5));
    copy.applyPage(page(7, [['b', 7]], [['a', 6]]));
    expect(contentOf(copy)).toEqual([['b', 7]]);
  });

  it('is not set back by an answer that comes late', () => {
    const copy = new FaceCopy();
    copy.applyOwn(own('a', 6));
    copy.applyOwn(own('a', 5));
    expect(contentOf(copy)).toEqual([['a', 6]]);
    copy.applyPage(page(8, [], [['a', 8]]));
    copy.applyOwn(own('a', 7));
    expect(contentOf(copy)).toEqual([]);
  });
});
