import { describe, expect, it } from '@jest/globals';
import { cutPage, startOfPage } from './face-page.js';

const changes = (...revisions: number[]) => revisions.map((revision) => ({ revision, bytes: 10 }));
const revisionsOf = (page: { revision: number }[]) => page.map(({ revision }) => revision);

describe('a page of changes', () => {
  const registry = { revision: 9, forgottenRevision: 4 };

  it.each([4, 9])('begins after what the reader knows, %i', (afterRevision) => {
    expect(startOfPage({ afterRevision, beganAtRevision: 1 }, registry)).toEqual({
      fromStart: false,
      afterRevision,
      beganAtRevision: 1,
      removalsAfterRevision: afterRevision,
    });
  });

  it.each([
    ['knows nothing', { afterRevision: 0, beganAtRevision: 0 }],
    ['lacks removals that are forgotten', { afterRevision: 3, beganAtRevision: 1 }],
    ['knows more than there is', { afterRevision: 10, beganAtRevision: 1 }],
    ['began when there was more than there is', { afterRevision: 5, beganAtRevision: 10 }],
  ])('begins from the start for a reader who %s', (_why, reader) => {
    expect(startOfPage(reader, registry)).toEqual({ fromStart: true, afterRevision: 0, beganAtRevision: 9, removalsAfterRevision: 9 });
  });

  it('goes on for a reader in the middle of all faces, who needs no removals from before it began', () => {
    expect(startOfPage({ afterRevision: 2, beganAtRevision: 8 }, registry)).toEqual({
      fromStart: false,
      afterRevision: 2,
      beganAtRevision: 8,
      removalsAfterRevision: 8,
    });
  });

  it('holds faces and removals in the order of their revisions', () => {
    const { page, more } = cutPage([...changes(2, 5, 9), ...changes(1, 7)], { countMax: 10, bytesMax: 1_000 });
    expect([revisionsOf(page), more]).toEqual([[1, 2, 5, 7, 9], false]);
  });

  it('ends at the count or at the bytes that a message holds, and says that there is more', () => {
    const { page, more } = cutPage(changes(1, 2, 3, 4), { countMax: 3, bytesMax: 1_000 });
    expect([revisionsOf(page), more]).toEqual([[1, 2, 3], true]);
    expect(revisionsOf(cutPage(changes(1, 2, 3, 4), { countMax: 10, bytesMax: 20 }).page)).toEqual([1, 2]);
    expect(cutPage(changes(1, 2), { countMax: 2, bytesMax: 20 })).toMatchObject({ more: false });
    expect(cutPage([], { countMax: 2, bytesMax: 20 })).toEqual({ page: [], more: false });
  });

  it('holds one change even if that alone is more than allowed: the reader must come on', () => {
    expect(cutPage([{ revision: 1, bytes: 99 }, ...changes(2)], { countMax: 9, bytesMax: 20 })).toEqual({
      page: [{ revision: 1, bytes: 99 }],
      more: true,
    });
  });
});
