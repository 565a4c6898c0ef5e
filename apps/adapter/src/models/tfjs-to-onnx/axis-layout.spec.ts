import { describe, expect, it } from '@jest/globals';
import {
  channelsFirst,
  invertLayout,
  isPlain,
  layoutAfterTranspose,
  layoutWithout,
  permutationBetween,
  plainLayout,
} from './axis-layout.js';

describe('axis layouts', () => {
  it('finds the permutation that brings channels to the front and back', () => {
    expect(permutationBetween(plainLayout(4), channelsFirst)).toEqual([0, 3, 1, 2]);
    expect(permutationBetween(channelsFirst, plainLayout(4))).toEqual([0, 2, 3, 1]);
  });

  it('makes a transpose in the graph free when the value already lies that way', () => {
    const channelsLastAgain = layoutAfterTranspose(channelsFirst, [0, 3, 1, 2]);
    expect(isPlain(channelsLastAgain)).toBe(true);
  });

  it('undoes a permutation with its inverse', () => {
    const layout = [2, 0, 3, 1];
    expect(layoutAfterTranspose(layoutAfterTranspose(layout, [3, 1, 0, 2]), invertLayout([3, 1, 0, 2]))).toEqual(layout);
  });

  it('renumbers what is left when axes are reduced away', () => {
    expect(layoutWithout(channelsFirst, [1, 2])).toEqual([0, 1]);
    expect(layoutWithout(channelsFirst, [0])).toEqual([2, 0, 1]);
  });
});
