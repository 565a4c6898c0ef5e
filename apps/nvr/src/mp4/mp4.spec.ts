import { describe, expect, it } from '@jest/globals';
import { box, moofBytes, moovBytes, u32 } from './mp4-bytes.fixture.js';
import { Mp4BoxSplitter, wholeBox, type Mp4Box, type StreamBox } from './mp4-boxes.js';
import { parseFragment, rebaseFragment } from './parse-fragment.js';
import { parseInitSegment } from './parse-init-segment.js';

function only(bytes: Buffer): Mp4Box {
  const [first] = new Mp4BoxSplitter().push(bytes);
  if (!first) throw new Error('no box');
  return wholeBox(first);
}

describe('a stream of boxes', () => {
  it('is cut the same, however it comes', () => {
    const stream = Buffer.concat([box('ftyp', [1, 2, 3]), box('moov'), box('mdat', Buffer.alloc(300, 7))]);
    for (const size of [1, 2, 7, 8, 9, 100, stream.length]) {
      const splitter = new Mp4BoxSplitter();
      const boxes: StreamBox[] = [];
      for (let at = 0; at < stream.length; at += size) boxes.push(...splitter.push(stream.subarray(at, at + size)));
      expect(boxes.map(({ type }) => type)).toEqual(['ftyp', 'moov', 'mdat']);
      expect(Buffer.concat(boxes.flatMap(({ pieces }) => pieces)).equals(stream)).toBe(true);
    }
  });

  it.each([[Buffer.from('<html><body>')], [u32(7, 0)], [u32(0xffffffff, 0x6d646174)]])('is refused when it is none: %p', (bytes) => {
    expect(() => new Mp4BoxSplitter().push(bytes)).toThrow(expect.objectContaining({ code: 'unprocessable' }));
  });
});

describe('the begin of a stream', () => {
  it('tells timescale and codec', () => {
    expect(parseInitSegment(only(moovBytes({ timescale: 90_000, sampleEntry: 'avc1' })))).toEqual({ timescale: 90_000, codec: 'h264' });
    expect(parseInitSegment(only(moovBytes({ timescale: 15_360, sampleEntry: 'hev1' })))).toEqual({ timescale: 15_360, codec: 'hevc' });
  });

  it('is refused without a video track', () => {
    expect(() => parseInitSegment(only(box('moov', box('mvhd', Buffer.alloc(100)))))).toThrow(
      expect.objectContaining({ code: 'unprocessable' }),
    );
  });
});

describe('a fragment', () => {
  const moof = (changes = {}) => only(moofBytes({ startTicks: 180_000, samples: 25, sampleTicks: 3_600, keyFrame: true, ...changes }));

  it('tells when it begins, how long it is, and whether it begins with a key frame', () => {
    expect(parseFragment(moof())).toEqual({ startTicks: 180_000, durationTicks: 90_000, startsWithKeyFrame: true });
    expect(parseFragment(moof({ keyFrame: false }))).toMatchObject({ startsWithKeyFrame: false });
  });

  it('may give each sample a duration and flags of its own', () => {
    const tfhd = box('tfhd', u32(0x020000, 1));
    const trun = box('trun', u32(0xf01, 3, 0), u32(100, 9, 0x02000000, 0), u32(200, 9, 0x01010000, 0), u32(300, 9, 0x01010000, 0));
    const own = box('moof', box('mfhd', u32(0, 1)), box('traf', tfhd, box('tfdt', u32(0, 7)), trun));
    expect(parseFragment(only(own))).toEqual({ startTicks: 7, durationTicks: 600, startsWithKeyFrame: true });
  });

  it('can be moved to the clock of its file', () => {
    const original = moof();
    expect(parseFragment(rebaseFragment(original, 90_000, { timescale: 90_000 }))).toEqual({
      startTicks: 90_000,
      durationTicks: 90_000,
      startsWithKeyFrame: true,
    });
    expect(parseFragment(original).startTicks).toBe(180_000);
  });

  it('is refused when it is cut off or promises more samples than it has', () => {
    const lying = box(
      'moof',
      box('traf', box('tfhd', u32(0x020000, 1)), box('tfdt', u32(0, 0)), box('trun', u32(0x100, 0xffffffff), u32(1))),
    );
    for (const bad of [
      lying,
      box('moof', box('mfhd', u32(0, 1))),
      box('moof', box('traf', box('tfhd', [0]), box('tfdt', [0]), box('trun', [0]))),
    ]) {
      expect(() => parseFragment(only(bad))).toThrow(expect.objectContaining({ code: 'unprocessable' }));
    }
  });
});
