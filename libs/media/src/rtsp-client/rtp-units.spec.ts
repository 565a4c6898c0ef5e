import { describe, expect, it } from '@jest/globals';
import type { SplitUnit, UnitCodec } from '../unit-splitter.js';
import { RtpUnits } from './rtp-units.js';

const start = '00000001';
/** NAL units by their kind: parameter sets, a key picture, another picture, and a message that makes a picture a key one. */
const nal = {
  h264: { sps: '6701', pps: '6802', key: '6583aa', other: '4184bb', recovery: '0606010180' },
  hevc: { sps: '420101', pps: '440102', key: '260183aa', other: '020184bb', recovery: '' },
} as const;

class Camera {
  readonly units: SplitUnit[] = [];
  readonly reader: RtpUnits;
  sequence = 65_534;

  constructor(codec: UnitCodec = 'h264', parameterSets: string[] = []) {
    const sets = parameterSets.map((set) => Buffer.from(set, 'hex'));
    this.reader = new RtpUnits({ codec, track: 0, payloadType: 96, parameterSets: sets }, (unit) => this.units.push(unit));
  }

  /** @param timestamp in ticks; `isLast`: the mark of a unit's last packet */
  send(payload: string | Buffer, timestamp: number, isLast = false): this {
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = (isLast ? 0x80 : 0) | 96;
    header.writeUInt16BE(this.sequence, 2);
    header.writeUInt32BE(timestamp, 4);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.reader.push(Buffer.concat([header, typeof payload === 'string' ? Buffer.from(payload, 'hex') : payload]));
    return this;
  }

  get told(): string[] {
    return this.units.map(
      ({ bytes, isKey, pts90k }) => `${pts90k} ${isKey ? 'key ' : ''}${bytes.toString('hex').split(start).slice(1).join(' ')}`,
    );
  }
}

describe('units out of RTP packets', () => {
  it.each(['h264', 'hevc'] as const)(
    'of %s: one a picture, complete with its last packet, parameter sets in front of key ones',
    (codec) => {
      const { key, other, pps, sps } = nal[codec];
      const camera = new Camera(codec, [sps, pps]).send(key, 900, true).send(other, 1_800, true);
      expect(camera.told).toEqual([`900 key ${sps} ${pps} ${key}`, `1800 ${other}`]);
    },
  );

  it('keep the parameter sets that the camera sends itself, also at a time of their own', () => {
    const { key, pps, sps } = nal.h264;
    const camera = new Camera('h264', ['67ff', '68ff']).send(sps, 890).send(pps, 890, true).send(key, 900, true).send(key, 1_800, true);
    expect(camera.told).toEqual([`900 key ${sps} ${pps} ${key}`, `1800 key ${sps} ${pps} ${key}`]);
  });

  it('are one also where parameter sets come again between the parts of a picture', () => {
    const { key, pps, sps } = nal.h264;
    const camera = new Camera().send(sps, 900).send(pps, 900).send(key, 900).send(sps, 900).send(pps, 900).send(key, 900, true);
    expect(camera.told).toEqual([`900 key ${sps} ${pps} ${key} ${key}`]);
  });

  it('take several NAL units in a packet, and one in several', () => {
    const { other, pps, sps } = nal.h264;
    const h264 = new Camera().send('780002670100026802', 900).send('7c85aa', 900).send('7c05bb', 900).send('7c45cc', 900, true);
    expect(h264.told).toEqual([`900 key ${sps} ${pps} 65aabbcc`]);
    expect(h264.send(other, 1_800, true).told).toHaveLength(2);
    const hevc = new Camera('hevc', ['4201']).send('620193aa', 900).send('620113bb', 900).send('620153cc', 900, true);
    expect(hevc.told).toEqual(['900 key 4201 2601aabbcc']);
  });

  it('are key units where the camera says that decoding can begin, without a picture of its own kind', () => {
    const { other, recovery } = nal.h264;
    expect(new Camera('h264', ['67']).send(recovery, 900).send(other, 900, true).told).toEqual([`900 key 67 ${recovery} ${other}`]);
  });

  it('are complete with the next one, where the mark stands in each packet of a picture', () => {
    const { other } = nal.h264;
    const camera = new Camera().send(other, 900, true).send(other, 900, true).send(other, 1_800, true).send(other, 1_800, true);
    expect(camera.send(other, 2_700, true).told.slice(2)).toEqual([`1800 ${other} ${other}`]);
  });

  it('are left out where a packet is missing, and go on with the next', () => {
    const { other } = nal.h264;
    const camera = new Camera().send('7c85aa', 900);
    camera.sequence = (camera.sequence + 1) & 0xffff;
    camera.send('7c45cc', 900, true).send(other, 1_800, true);
    expect(camera.told).toEqual([`1800 ${other}`]);
    expect(camera.reader.dropped).toBe(1);
  });

  it.each([
    ['h264', '6501cc', '41'],
    ['hevc', '260101cc', '0201'],
  ] as const)(
    'of %s are left out where the first part was lost with the end of the one before, or was sent before we came',
    (codec, later, head) => {
      const { key, other, pps, sps } = nal[codec];
      const camera = new Camera(codec, [sps, pps]).send(later, 900, true).send(key, 1_800, true).send(other, 2_700);
      // With the end of the picture before.
      camera.sequence = (camera.sequence + 2) & 0xffff;
      camera.send(later, 3_600, true).send(key, 4_500, true).send(other, 5_400);
      // The end of the picture before alone.
      camera.sequence = (camera.sequence + 1) & 0xffff;
      camera.send(key, 6_300).send(later, 6_300, true).send(`${head}84dd`, 7_200, true);
      expect(camera.units.map(({ pts90k }) => pts90k)).toEqual([1_800, 4_500, 6_300, 7_200]);
    },
  );

  it('take a packet that comes twice once, and no packet of another kind or another version', () => {
    const { other } = nal.h264;
    const camera = new Camera().send(other, 900);
    camera.sequence--;
    camera.send(other, 900, true);
    for (const bytes of ['', '80', '806100000000000000000000' + other, '006000000000000000000000' + other])
      camera.reader.push(Buffer.from(bytes, 'hex'));
    expect(camera.send(other, 1_800, true).told).toEqual([`900 ${other}`, `1800 ${other}`]);
  });

  it('have times that go on when the clock of 32 bits begins anew', () => {
    const { other } = nal.h264;
    const camera = new Camera()
      .send(other, 2 ** 32 - 900, true)
      .send(other, 0, true)
      .send(other, 2 ** 32 - 450, true);
    expect(camera.units.map(({ pts90k }) => pts90k - 2 ** 32)).toEqual([-900, 0, -450]);
  });

  it('are bounded: a picture of more than 16 MiB is dropped', () => {
    const camera = new Camera();
    const part = (head: string) => Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(60_000)]);
    camera.send(part('7c85'), 900);
    for (let at = 0; at < 300; at++) camera.send(part('7c05'), 900);
    expect(camera.send('7c45cc', 900, true).send(nal.h264.other, 1_800, true).told).toEqual([`1800 ${nal.h264.other}`]);
  });

  it('of packets that come in another order than they are decoded in are not understood', () => {
    expect(() => new Camera().send('7d0102', 900)).toThrow('not understood');
    expect(() => new Camera('hevc').send('64010203', 900)).toThrow('not understood');
  });
});
