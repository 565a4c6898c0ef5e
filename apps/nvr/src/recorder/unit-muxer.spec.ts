import { describe, expect, it } from '@jest/globals';
import type { Unit } from '@nightjar/media';
import { describeInit } from '../live-view/codec-string.js';
import { parseFragment } from '../mp4/parse-fragment.js';
import { UnitMuxer } from './unit-muxer.js';

const start = Buffer.from([0, 0, 0, 1]);
const h264Sets = ['Z2QAKKzZQHgCJ+XARAAAAwAEAAADACg8YMZY', 'aOvjyyLA'];
const hevcSets = ['QAEMAf//AWAAAAMAkAAAAwAAAwB4lZgJ', 'QgEBAWAAAAMAkAAAAwAAAwB4oAPAgBDlllZpJMrwFoCAAAADAIAAAAMChA==', 'RAHBcrRiQA=='];
const smallSets = ['Z0LAC9kBQfsBEAAAAwAQAAADAKDxQqSA', 'aOvjyyLA'];

interface UnitParts {
  codec?: Unit['codec'];
  sets?: readonly string[];
  isKey?: boolean;
  ptsMs?: number;
}

/** A unit of a camera with 15 pictures a second. */
function unit(number: number, parts: UnitParts = {}): Unit {
  const { codec = 'h264', sets = [], isKey = sets.length > 0, ptsMs = 5_000 + (number * 1_000) / 15 } = parts;
  const picture = Buffer.from([codec === 'h264' ? (isKey ? 0x65 : 0x41) : isKey ? 0x26 : 0x02, 1, number & 0x7f, 0x80]);
  const bytes = Buffer.concat([...sets.map((set) => Buffer.from(set, 'base64')), picture].flatMap((nal) => [start, nal]));
  return { sequence: number, codec, bytes, isKey, ptsMs, arrivedUnixMs: 0, arrivedMonotonicMs: 0 };
}

/** What became of units: begins by their codec, fragments by their times in ms. */
function mux(units: readonly Unit[]): unknown[] {
  const muxer = new UnitMuxer();
  return units
    .flatMap((one) => muxer.push(one))
    .map((part) => {
      if (part.kind === 'init') return describeInit(part.bytes).codec;
      const [moof, mdat] = part.fragment.piecesFrom(0);
      if (!moof || !mdat) throw new Error('a fragment has two boxes');
      const { durationTicks, startsWithKeyFrame, startTicks } = parseFragment({ type: 'moof', bytes: moof });
      expect([startTicks, durationTicks]).toEqual([part.fragment.startTicks, part.fragment.durationTicks]);
      return [Math.round(startTicks / 90), Math.round(durationTicks / 90), startsWithKeyFrame];
    });
}

describe('units of a camera', () => {
  it('become a key frame alone, then fragments of a quarter of a second that end before key frames', () => {
    const units = Array.from({ length: 17 }, (_, number) => unit(number, number % 15 === 0 ? { sets: h264Sets } : {}));
    expect(mux(units)).toEqual(['avc1.640028', [0, 67, true], [67, 267, false], [333, 267, false], [600, 267, false], [867, 133, false]]);
  });

  it('of H.265 are described as browsers are asked about them', () => {
    expect(mux([unit(0, { codec: 'hevc', sets: hevcSets }), unit(1, { codec: 'hevc' })])).toEqual(['hvc1.1.6.L120.90', [0, 67, true]]);
  });

  it('begin anew when the camera describes its pictures in another way', () => {
    const units = [unit(0, { sets: h264Sets }), unit(1), unit(2, { sets: smallSets }), unit(3), unit(4, { isKey: true }), unit(5)];
    expect(mux(units)).toEqual(['avc1.640028', [0, 67, true], [67, 67, false], 'avc1.42c00b', [133, 67, true], [200, 67, false]]);
  });

  it('before the first key frame are left out', () => {
    expect(mux([unit(0), unit(1), unit(2, { sets: h264Sets }), unit(3)])).toEqual(['avc1.640028', [0, 67, true]]);
  });

  it('of one moment are one picture, and one that nothing follows for long lasts no longer than ten seconds', () => {
    const at = (number: number, ptsMs: number) => unit(number, { ptsMs });
    const units = [unit(0, { sets: h264Sets, ptsMs: 0 }), at(1, 40), at(2, 40), at(3, 60_000), at(4, 60_040)];
    expect(mux(units)).toEqual(['avc1.640028', [0, 40, true], [40, 10_000, false]]);
  });

  it('are not understood in another order than they are shown, nor without a description', () => {
    expect(() => mux([unit(0, { sets: h264Sets }), unit(3), unit(1)])).toThrow(expect.objectContaining({ code: 'unprocessable' }));
    expect(() => mux([unit(0, { isKey: true })])).toThrow(expect.objectContaining({ code: 'unprocessable' }));
    expect(() => mux([unit(0, { sets: ['Z2QA', 'aOvjyyLA'] })])).toThrow(expect.objectContaining({ code: 'unprocessable' }));
  });

  it('whose times go back by seconds end the connection: a clock was set', () => {
    expect(() => mux([unit(90, { sets: h264Sets }), unit(91), unit(1)])).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });
});
