import { describe, expect, it } from '@jest/globals';
import type { FeedPart } from './live-feed.js';
import { parseMediaName } from './parse-media-name.js';
import { hasReached, renderPlaylist, segmentsOf } from './render-playlist.js';

/** Parts of half a second, so many in each segment; numbered from the first segment. */
function partsOf(firstSegment: number, sizes: readonly number[]): FeedPart[] {
  let seq = 0;
  return sizes.flatMap((size, position) =>
    Array.from({ length: size }, (_, index) => ({
      seq: seq++,
      segment: firstSegment + position,
      index,
      isKeyFrame: index === 0,
      durationMs: 500,
      capturedUnixMs: 1_800_000_000_000 + seq * 500,
      bytes: Buffer.from([seq]),
    })),
  );
}

describe('a live playlist', () => {
  it('lists whole segments, the parts of the newest ones, and what comes next', () => {
    const text = renderPlaylist({ sessionId: 9, parts: partsOf(100, [2, 2, 2, 2, 1]), query: '?ticket=a' });
    expect(text?.split('\n')).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:9',
      '#EXT-X-TARGETDURATION:4',
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500',
      '#EXT-X-PART-INF:PART-TARGET=0.500',
      '#EXT-X-MEDIA-SEQUENCE:100',
      '#EXT-X-DISCONTINUITY-SEQUENCE:9',
      '#EXT-X-MAP:URI="init-9.mp4?ticket=a"',
      expect.stringMatching(/^#EXT-X-PROGRAM-DATE-TIME:2027-01-15T08:00:00\.500Z$/),
      '#EXTINF:1.000,',
      'segment-100.m4s?ticket=a',
      expect.stringMatching(/^#EXT-X-PROGRAM-DATE-TIME:/),
      '#EXTINF:1.000,',
      'segment-101.m4s?ticket=a',
      ...[102, 103].flatMap((segment) => [
        expect.stringMatching(/^#EXT-X-PROGRAM-DATE-TIME:/),
        `#EXT-X-PART:DURATION=0.500,URI="part-${segment}-0.m4s?ticket=a",INDEPENDENT=YES`,
        `#EXT-X-PART:DURATION=0.500,URI="part-${segment}-1.m4s?ticket=a"`,
        '#EXTINF:1.000,',
        `segment-${segment}.m4s?ticket=a`,
      ]),
      expect.stringMatching(/^#EXT-X-PROGRAM-DATE-TIME:/),
      '#EXT-X-PART:DURATION=0.500,URI="part-104-0.m4s?ticket=a",INDEPENDENT=YES',
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-104-1.m4s?ticket=a"',
      '',
    ]);
  });

  it('is none before a segment has begun, and leaves out one whose begin is not there', () => {
    expect(renderPlaylist({ sessionId: 9, parts: [], query: '' })).toBeUndefined();
    const [, ...headless] = partsOf(100, [3, 2]);
    expect(segmentsOf(headless).map(({ id }) => id)).toEqual([101]);
  });

  it('has reached a part that is there or behind, and a segment that has ended', () => {
    const parts = partsOf(100, [2, 2]);
    expect(hasReached(parts, { segment: 101, part: 1 })).toBe(true);
    expect(hasReached(parts, { segment: 101, part: 2 })).toBe(false);
    expect(hasReached(parts, { segment: 100, part: undefined })).toBe(true);
    expect(hasReached(parts, { segment: 101, part: undefined })).toBe(false);
    expect(hasReached([], { segment: 0, part: 0 })).toBe(false);
  });
});

describe('a name of a playlist', () => {
  it('is read back as it was written, and in no other form', () => {
    expect(parseMediaName('part-104-1.m4s')).toEqual({ kind: 'part', segment: 104, index: 1 });
    expect(parseMediaName('segment-104.m4s')).toEqual({ kind: 'segment', segment: 104 });
    expect(parseMediaName('init-9.mp4')).toEqual({ kind: 'init', sessionId: 9 });
    for (const name of ['part-1.m4s', 'segment-01.m4s', 'segment-1e3.m4s', 'init--1.mp4', 'segment-1.m4s.m4s', 'index.m3u8/', ''])
      expect(parseMediaName(name)).toBeUndefined();
  });
});
