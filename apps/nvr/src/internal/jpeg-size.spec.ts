import { describe, expect, it } from '@jest/globals';
import { jpegSize } from './jpeg-size.js';

const head = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2];
const frame = (width: number, height: number) => [0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0];
const end = [0xff, 0xd9];
const sizeOf = (...parts: number[][]) => jpegSize(Buffer.from(parts.flat()));

describe('the size of a JPEG', () => {
  it('stands behind the segments of its head', () => {
    expect(sizeOf(head, frame(640, 360), end)).toEqual({ width: 640, height: 360 });
  });

  it.each<[string, number[][]]>([
    ['nothing', []],
    ['a head without a frame', [head, end]],
    ['a frame without an end', [head, frame(640, 360)]],
    ['a frame without pixels', [head, frame(0, 360), end]],
    ['a segment without a length', [[0xff, 0xd8, 0xff, 0xe0, 0, 0], frame(1, 1), end]],
    ['a segment that is longer than all', [[0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff], frame(1, 1), end]],
    ['a PNG', [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]]],
  ])('is none of %s', (_name, parts) => {
    expect(sizeOf(...parts)).toBeUndefined();
  });
});
