import { describe, expect, it } from '@jest/globals';
import { CommonClock } from './common-clock.js';

const [video, sound] = [0, 2];
const clocksHz = new Map([
  [video, 90_000],
  [sound, 16_000],
]);
const startUnixMs = 1_700_000_000_000;

function interleaved(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

function rtp(channel: number, timestamp: number): Buffer {
  const packet = Buffer.alloc(20, channel + 1);
  packet[0] = 0x80;
  packet.writeUInt32BE(timestamp >>> 0, 4);
  return interleaved(channel, packet);
}

/** What FFmpeg gets: packets by channel and time, reports by the moment that they give to a time. */
function read(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const packet = bytes.subarray(at + 4, at + 4 + bytes.readUInt16BE(at + 2));
    const unixMs = () => (packet.readUInt32BE(8) - 2_208_988_800) * 1_000 + (packet.readUInt32BE(12) / 2 ** 32) * 1_000;
    const isReport = packet[1] === 200;
    found.push(
      isReport
        ? `report ${bytes[at + 1]}: ${packet.readUInt32BE(16)} is ${Math.round(unixMs() - startUnixMs)} ms`
        : `packet ${bytes[at + 1]}: ${packet.readUInt32BE(4)}`,
    );
    at += 4 + packet.length;
  }
  return found;
}

describe('picture and sound of a camera', () => {
  it('get one clock by their arrival, whatever the camera reports', () => {
    let nowUnixMs = startUnixMs;
    const clock = new CommonClock({ clocksHz, nowUnixMs: () => nowUnixMs });
    expect(read(clock.push(rtp(sound, 500)))).toEqual(['report 3: 500 is 0 ms', 'packet 2: 500']);
    expect(clock.isSettling).toBe(true);
    nowUnixMs += 400;
    const reportOfCamera = interleaved(1, Buffer.concat([Buffer.from([0x80, 200, 0, 6]), Buffer.alloc(24, 7)]));
    const run = Buffer.concat([reportOfCamera, rtp(video, 2 ** 32 - 10), rtp(video, 5_990), rtp(sound, 1_524)]);
    expect(read(clock.push(run))).toEqual([
      `report 1: ${2 ** 32 - 10} is 400 ms`,
      `packet 0: ${2 ** 32 - 10}`,
      'packet 0: 5990',
      'packet 2: 1524',
    ]);
    expect(clock.isSettling).toBe(false);
  });

  it('go on by their own times, of which FFmpeg is told each minute', () => {
    let nowUnixMs = startUnixMs;
    const clock = new CommonClock({ clocksHz, nowUnixMs: () => nowUnixMs });
    clock.push(rtp(sound, 0));
    nowUnixMs += 1_000_000;
    expect(read(clock.push(rtp(sound, 59 * 16_000)))).toEqual([`packet 2: ${59 * 16_000}`]);
    expect(read(clock.push(rtp(sound, 61 * 16_000)))).toEqual([`report 3: ${61 * 16_000} is 61000 ms`, `packet 2: ${61 * 16_000}`]);
  });

  it('are the same in one piece and byte by byte', () => {
    const run = Buffer.concat([rtp(video, 1), rtp(sound, 2), rtp(video, 3)]);
    const make = () => new CommonClock({ clocksHz, nowUnixMs: () => startUnixMs });
    const clock = make();
    const pieces = Buffer.concat([...run].map((byte) => clock.push(Buffer.from([byte]))));
    expect(pieces.equals(make().push(run))).toBe(true);
  });

  it('begin with a key frame, and are not waited for without one for ever', () => {
    let nowUnixMs = startUnixMs;
    const nal = (type: number, timestamp: number) => {
      const packet = rtp(video, timestamp);
      packet[4 + 12] = type;
      return packet;
    };
    const make = () => new CommonClock({ clocksHz, video: { channel: video, codec: 'h264' }, nowUnixMs: () => nowUnixMs });
    const clock = make();
    expect(read(clock.push(Buffer.concat([rtp(sound, 1), nal(0x41, 2)])))).toEqual([]);
    nowUnixMs += 9_000;
    expect(clock.isSettling).toBe(true);
    expect(read(clock.push(Buffer.concat([nal(0x65, 3), rtp(sound, 4), nal(0x41, 5)])))).toEqual([
      'report 1: 3 is 9000 ms',
      'packet 0: 3',
      'report 3: 4 is 9000 ms',
      'packet 2: 4',
      'packet 0: 5',
    ]);
    nowUnixMs = startUnixMs;
    const strange = make();
    nowUnixMs += 15_000;
    expect(read(strange.push(rtp(sound, 1)))).toHaveLength(2);
  });

  it('that never begin are not waited for', () => {
    let nowUnixMs = startUnixMs;
    const clock = new CommonClock({ clocksHz, nowUnixMs: () => nowUnixMs });
    clock.push(rtp(video, 1));
    nowUnixMs += 3_000;
    expect(clock.isSettling).toBe(false);
  });
});
