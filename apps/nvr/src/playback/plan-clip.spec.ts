import { describe, expect, it } from '@jest/globals';
import type { Segment } from '../segments/segments.store.js';
import { planClip, withDurations } from './plan-clip.js';

const t0 = 1_700_000_000_000;
function segment(fromS: number, toS: number, changes: Partial<Segment> = {}): Segment {
  return {
    id: fromS + 1,
    cameraId: 1,
    file: `${fromS}.mp4`,
    startsAt: new Date(t0 + fromS * 1_000),
    endsAt: new Date(t0 + toS * 1_000),
    sizeBytes: 1,
    videoCodec: 'h264',
    open: false,
    ...changes,
  };
}
const range = (fromS: number, toS: number) => ({ fromUnixMs: t0 + fromS * 1_000, toUnixMs: t0 + toS * 1_000 });

describe('a clip', () => {
  it('takes whole files where they are, and cuts the first, the last, and one that is still written', () => {
    const parts = planClip([segment(0, 60), segment(60, 120), segment(120, 150, { open: true })], range(10, 200));
    expect(parts.map(({ fromMs, isWhole, toMs }) => [fromMs, toMs, isWhole])).toEqual([
      [10_000, 60_000, false],
      [0, 60_000, true],
      [0, 30_000, false],
    ]);
    expect(planClip([segment(0, 60)], range(20, 30))).toEqual([expect.objectContaining({ fromMs: 20_000, toMs: 30_000, isWhole: false })]);
  });

  it('is not there without a recording, and not made of two codecs', () => {
    expect(() => planClip([], range(0, 1))).toThrow(expect.objectContaining({ code: 'not_found' }));
    expect(() => planClip([segment(0, 60), segment(60, 90, { videoCodec: 'hevc' })], range(0, 90))).toThrow(
      expect.objectContaining({ code: 'conflict', message: expect.stringContaining('from h264 to hevc at 2023-11-14T22:14:20.000Z') }),
    );
  });

  it('lasts through gaps as long as they did, and never runs backwards', () => {
    const file = (fromS: number, toS: number) => ({ path: `/${fromS}`, startUnixMs: t0 + fromS * 1_000, endUnixMs: t0 + toS * 1_000 });
    expect(withDurations([file(0, 60), file(60, 120), file(150, 160), file(155, 165)]).map(({ durationMs }) => durationMs)).toEqual([
      60_000, 90_000, 10_000, 10_000,
    ]);
  });
});
