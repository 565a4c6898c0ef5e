import { describe, expect, it } from '@jest/globals';
import { choosePlaying, playingMax } from './choose-playing.js';

const ids = Array.from({ length: 40 }, (_, place) => place + 1);

describe('which cameras of a wall play video', () => {
  it('are those in sight, and none of the others', () => {
    expect([...choosePlaying(ids, new Set([7, 3, 99]))]).toEqual([3, 7]);
    expect(choosePlaying(ids, new Set()).size).toBe(0);
  });

  it('are the first of them where more are in sight than a browser decodes', () => {
    expect([...choosePlaying(ids, new Set(ids))]).toEqual(ids.slice(0, playingMax));
  });
});
