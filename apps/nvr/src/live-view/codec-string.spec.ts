import { describe, expect, it } from '@jest/globals';
import { box, u32 } from '../mp4/mp4-bytes.fixture.js';
import { describeInit } from './codec-string.js';

/** The begin of a stream whose sample entry holds these boxes. */
function init(sampleEntry: string, ...config: Buffer[]): Buffer {
  const stsd = box('stsd', u32(0, 1), box(sampleEntry, Buffer.alloc(78), ...config));
  const media = box('mdia', box('mdhd', u32(0, 0, 0, 90_000, 0, 0)), box('minf', box('stbl', stsd)));
  return Buffer.concat([box('ftyp', Buffer.from('iso5')), box('moov', box('mvhd', Buffer.alloc(100)), box('trak', media))]);
}

const avcConfig = box('avcC', [1, 0x64, 0, 0x1f, 0xff]);
const hevcConfig = (...constraints: number[]) => box('hvcC', [1, 0x01, 0x60, 0, 0, 0, ...constraints, 0x5d, 0xf0]);

describe('the codec of a stream', () => {
  it('is named as browsers are asked about it', () => {
    expect(describeInit(init('avc1', avcConfig)).codec).toBe('avc1.64001f');
    expect(describeInit(init('hev1', hevcConfig(0x90, 0, 0, 0, 0, 0))).codec).toBe('hvc1.1.6.L93.90');
    expect(describeInit(init('hvc1', hevcConfig(0, 0, 0, 0, 0, 0))).codec).toBe('hvc1.1.6.L93');
  });

  it('H.265 is labelled in the way that all players take, and nothing else is touched', () => {
    const original = init('hev1', hevcConfig(0x90, 0, 0, 0, 0, 0));
    const { bytes } = describeInit(original);
    expect(original.includes('hev1')).toBe(true);
    expect(bytes.toString('latin1')).toBe(original.toString('latin1').replace('hev1', 'hvc1'));
    expect(describeInit(init('avc1', avcConfig)).bytes).toEqual(init('avc1', avcConfig));
  });

  it('has no name when browsers know none, or when its description is missing or cut off', () => {
    for (const strange of [init('mp4v'), init('avc1'), init('avc1', box('avcC', [1])), init('hvc1', box('hvcC', [1])), Buffer.from('ftyp')])
      expect(describeInit(strange).codec).toBeUndefined();
  });
});
