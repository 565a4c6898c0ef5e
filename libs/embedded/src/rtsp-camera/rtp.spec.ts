import { describe, expect, it } from '@jest/globals';
import { packetizeFrame, senderReport, type RtpStream } from './rtp.js';

const stream = (): RtpStream => ({ ssrc: 0x01020304, sequence: 65_535, packets: 0, payloadBytes: 0 });

describe('RTP packets of a frame', () => {
  it('carry a small NAL unit as it is, the marker on the last packet only', () => {
    const numbers = stream();
    const [parameters, slice] = packetizeFrame(numbers, [Buffer.from([0x67, 1, 2]), Buffer.from([0x65, 3, 4])], 90_000);
    expect(parameters?.subarray(12)).toEqual(Buffer.from([0x67, 1, 2]));
    expect([parameters?.[1], slice?.[1]]).toEqual([96, 0x80 | 96]);
    expect([parameters?.readUInt16BE(2), slice?.readUInt16BE(2)]).toEqual([65_535, 0]);
    expect(slice?.readUInt32BE(4)).toBe(90_000);
    expect(numbers).toMatchObject({ sequence: 1, packets: 2, payloadBytes: 6 });
  });

  it('carry a large NAL unit in fragments that put together are the unit again', () => {
    const unit = Buffer.alloc(10_000, 7);
    unit[0] = 0x65;
    const fragments = packetizeFrame(stream(), [unit], 0).map((packet) => packet.subarray(12));
    expect(Math.max(...fragments.map((fragment) => fragment.length))).toBeLessThanOrEqual(1_400);
    const [first, last] = [fragments[0], fragments.at(-1)];
    expect([first?.[0], first?.[1], last?.[1]]).toEqual([0x60 | 28, 0x80 | 5, 0x40 | 5]);
    const body = Buffer.concat(fragments.map((fragment) => fragment.subarray(2)));
    expect(body.equals(unit.subarray(1))).toBe(true);
  });
});

describe('a sender report', () => {
  it('maps an RTP timestamp to a moment of wall time', () => {
    const report = senderReport({ ...stream(), packets: 10, payloadBytes: 1_000 }, 123_456, 1_700_000_000_500);
    expect(report.length).toBe(28);
    expect(report.readUInt32BE(8) - 2_208_988_800).toBe(1_700_000_000);
    expect(report.readUInt32BE(12) / 2 ** 32).toBeCloseTo(0.5, 6);
    expect(report.readUInt32BE(16)).toBe(123_456);
    expect([report.readUInt32BE(20), report.readUInt32BE(24)]).toEqual([10, 1_000]);
  });
});
