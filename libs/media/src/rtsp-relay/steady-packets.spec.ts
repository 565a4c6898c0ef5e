import { describe, expect, it } from '@jest/globals';
import { SteadyPackets } from './steady-packets.js';

const [video, sound] = [0, 2];
const frame = 6_000;

function interleaved(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}

/** A packet with a time and some payload. */
function rtp(channel: number, timestamp: number, payloadBytes = 9): Buffer {
  const packet = Buffer.alloc(12 + payloadBytes, 0x5a);
  packet[0] = 0x80;
  packet[1] = 96;
  packet.writeUInt32BE(timestamp >>> 0, 4);
  return interleaved(channel, packet);
}

const report = interleaved(video + 1, Buffer.concat([Buffer.from([0x80, 200, 0, 6]), Buffer.alloc(24, 7)]));

/** A camera with 15 pictures a second of two packets each, whose clock is set back by four seconds after two. */
const sent = Array.from({ length: 60 }, (_, picture) => {
  const timestamp = 2 ** 32 - 20 * frame + picture * frame - (picture < 30 ? 0 : 4 * 90_000);
  return [
    rtp(video, timestamp),
    ...(picture % 15 === 0 ? [report, interleaved(video, Buffer.from('tiny'))] : []),
    rtp(video, timestamp, 40),
  ];
}).flat();

function open(): SteadyPackets {
  let nowMs = 0;
  const packets = new SteadyPackets(() => (nowMs += 20));
  packets.add(video, 90_000);
  return packets;
}

/** What the packets of the channel have as their times, counted from the first; and what else they hold. */
function read(bytes: Buffer, channel: number): { pictures: number[]; rest: string } {
  const pictures: number[] = [];
  const rest: string[] = [];
  let first: number | undefined;
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt16BE(at + 2)) {
    const packet = Buffer.from(bytes.subarray(at, at + 4 + bytes.readUInt16BE(at + 2)));
    if (packet[1] === channel && packet[4] === 0x80) {
      first ??= packet.readUInt32BE(8);
      pictures.push(((packet.readUInt32BE(8) - first) >>> 0) / frame);
      packet.fill(0, 8, 12);
    }
    rest.push(packet.toString('hex'));
  }
  return { pictures, rest: rest.join('\n') };
}

describe('packets of a camera whose clock is set back', () => {
  const wanted = Array.from({ length: 60 }, (_, picture) => [picture, picture]).flat();
  const untouched = read(Buffer.concat(sent), video).rest;

  it.each([1, 3, 7, 16, 17, 100, 100_000])('go on in time, and are the same but for that, read in runs of %i bytes', (runBytes) => {
    const packets = open();
    const stream = Buffer.concat(sent);
    const passed: Buffer[] = [];
    for (let at = 0; at < stream.length; at += runBytes)
      passed.push(Buffer.from(packets.pass(Buffer.from(stream.subarray(at, at + runBytes)))));
    const { pictures, rest } = read(Buffer.concat(passed), video);
    expect(pictures).toEqual(wanted);
    expect(rest).toBe(untouched);
  });

  it('are not copied', () => {
    const packets = open();
    const run = Buffer.concat(sent);
    const passed = packets.pass(run);
    expect(passed.buffer).toBe(run.buffer);
    expect(read(run, video).pictures).toEqual(wanted);
  });

  it('of sound go on by themselves, by its own clock', () => {
    const packets = open();
    packets.add(sound, 16_000);
    const times = [
      ...Array.from({ length: 30 }, (_, index) => index * 1_024),
      ...Array.from({ length: 9 }, (_, index) => index * 1_024 - 70_000),
    ];
    const passed = Buffer.concat(times.map((time) => packets.pass(Buffer.concat([rtp(sound, time), rtp(video, 777_000)]))));
    expect(read(passed, sound).pictures.map((picture) => Math.round((picture * frame) / 1_024))).toEqual(
      Array.from({ length: 39 }, (_, index) => index),
    );
    expect(new Set(read(passed, video).pictures)).toEqual(new Set([0]));
  });

  it('of channels that nobody asked for are left alone', () => {
    const packets = open();
    const passed = Buffer.concat([packets.pass(rtp(4, 900_000)), packets.pass(rtp(4, 5))]);
    expect(read(passed, 4).rest).toBe(read(Buffer.concat([rtp(4, 900_000), rtp(4, 5)]), 4).rest);
  });
});
