import { describe, expect, it } from '@jest/globals';
import { LumaSplitter } from './luma-plane.js';

describe('LumaSplitter', () => {
  it('cuts planes of the given size whatever the chunks are', () => {
    const bytes = Uint8Array.from({ length: 18 }, (_unused, index) => index);
    for (let size = 1; size <= bytes.length; size++) {
      const splitter = new LumaSplitter({ width: 3, height: 2 });
      const planes = [];
      for (let at = 0; at < bytes.length; at += size) planes.push(...splitter.push(bytes.subarray(at, at + size)));
      expect(planes.map(({ pixels }) => [...pixels])).toEqual([
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10, 11],
        [12, 13, 14, 15, 16, 17],
      ]);
    }
  });

  it('keeps an unfinished plane for itself', () => {
    expect(new LumaSplitter({ width: 2, height: 2 }).push(Uint8Array.of(1, 2, 3))).toEqual([]);
  });
});
