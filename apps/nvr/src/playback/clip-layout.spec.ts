import { describe, expect, it } from '@jest/globals';
import { chooseFragments, layOutClip, type ClipSource } from './clip-layout.js';
import type { IndexedFragment, SegmentIndex } from './index-segment.js';

const t0 = 1_700_000_000_000;

/** Fragments of half a second, two of them a group of pictures, 100 bytes each. */
function indexOf(seconds: number, changes: Partial<SegmentIndex> = {}): SegmentIndex {
  const fragments = Array.from({ length: seconds * 2 }, (_, position): IndexedFragment => {
    const offset = 50 + position * 100;
    return {
      offset,
      endOffset: offset + 100,
      startTicks: position * 500,
      endTicks: (position + 1) * 500,
      startsWithKeyFrame: position % 2 === 0,
      sequenceOffset: offset + 20,
      decodeTimeOffset: offset + 40,
      decodeTimeBytes: 8,
    };
  });
  return { init: Buffer.alloc(50, 7), timescale: 1_000, width: 640, height: 360, format: 'h264', fragments, ...changes };
}

const source = (fromS: number, seconds: number): ClipSource => ({
  segmentId: fromS + 1,
  file: `${fromS}.mp4`,
  startUnixMs: t0 + fromS * 1_000,
  index: indexOf(seconds),
});
const range = (fromS: number, toS: number) => ({ fromUnixMs: t0 + fromS * 1_000, toUnixMs: t0 + toS * 1_000 });

describe('the fragments of a range', () => {
  it('begin with the key frame at or before it, and end with what is shown at its end', () => {
    const times = (fromMs: number, toMs: number) => chooseFragments(indexOf(4), { fromMs, toMs }).map(({ startTicks }) => startTicks);
    expect(times(1_600, 2_100)).toEqual([1_000, 1_500, 2_000]);
    expect(times(-5_000, 400)).toEqual([0]);
    expect(times(3_999, 9_000)).toEqual([3_000, 3_500]);
    expect(times(4_000, 9_000)).toEqual([]);
    expect(times(-2_000, 0)).toEqual([]);
  });
});

describe('a clip', () => {
  it('runs on over the edge of files, lasts through a gap as long as that was, and never runs backwards', () => {
    const layout = layOutClip([source(0, 2), source(2, 2), source(10, 2), source(11, 1)], range(0, 20));
    expect(layout.pieces.map(({ decodeTicks }) => decodeTicks)).toEqual([
      ...[0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500],
      ...[10_000, 10_500, 11_000, 11_500, 12_000, 12_500],
    ]);
    expect([layout.startUnixMs - t0, layout.endUnixMs - t0]).toEqual([0, 13_000]);
    expect(layout.pieces.map(({ sequence }) => sequence)).toEqual(layout.pieces.map((_, position) => position + 1));
  });

  it('begins with an index of its groups of pictures: their bytes and how long they are shown', () => {
    const { head, pieces, sizeBytes } = layOutClip([source(0, 2), source(5, 1)], range(0.2, 20));
    const box = head.subarray(50);
    expect([box.readUInt32BE(0), box.toString('latin1', 4, 8), box.readUInt16BE(38)]).toEqual([box.length, 'sidx', 3]);
    const references = [0, 1, 2].map((position) => [box.readUInt32BE(40 + position * 12), box.readUInt32BE(44 + position * 12)]);
    expect(references).toEqual([
      [200, 1_000],
      [200, 4_000],
      [200, 1_000],
    ]);
    expect([pieces[0]?.at, sizeBytes]).toEqual([head.length, head.length + 600]);
  });

  it('has the same name for the same bytes, and another one for others', () => {
    const name = (fromS: number, toS: number) => layOutClip([source(0, 4)], range(fromS, toS)).etag;
    expect(name(0, 2)).toBe(name(0.4, 1.6));
    expect(name(0, 2)).not.toBe(name(0, 3));
  });

  it('is not there without a recording', () => {
    expect(() => layOutClip([], range(0, 1))).toThrow(expect.objectContaining({ code: 'not_found' }));
    expect(() => layOutClip([source(0, 2)], range(3, 4))).toThrow(expect.objectContaining({ code: 'not_found' }));
  });
});
