import type { NalUnit } from './h264-clip.js';

/** Ticks of H.264's RTP clock per second (RFC 6184, 8.2.1). */
export const rtpClockHz = 90_000;

/** Payload of one packet at most: with all headers it stays below an Ethernet frame. */
const payloadBytesMax = 1_400;
const payloadType = 96;
const soundPayloadTypes = { aac: 97, pcm_mulaw: 0 } as const;
const fuA = 28;
/** Seconds from 1900, where NTP counts from, to 1970. */
const ntpEpochOffsetS = 2_208_988_800;

/** What the next packet of a stream is numbered with, and what has been sent. */
export interface RtpStream {
  readonly ssrc: number;
  sequence: number;
  packets: number;
  payloadBytes: number;
}

/**
 * Packets of one frame (RFC 6184): a NAL unit that fits is a packet, a larger one is split into fragments (FU-A).
 * The last packet of the frame has the marker bit. Advances the stream's numbers.
 */
export function packetizeFrame(stream: RtpStream, accessUnit: readonly NalUnit[], rtpTimestamp: number): Buffer[] {
  const payloads = accessUnit.flatMap((unit) => (unit.length <= payloadBytesMax ? [unit] : fragment(unit)));
  return payloads.map((payload, index) => {
    const isLast = index === payloads.length - 1;
    return Buffer.concat([rtpHeader(stream, { payloadBytes: payload.length, type: payloadType, isLast, rtpTimestamp }), payload]);
  });
}

/** The packet of one frame of sound: AAC as RFC 3640, 3.3.6 (`AAC-hbr`) has it, G.711 as it is. Advances the stream's numbers. */
export function packetizeSound(stream: RtpStream, frame: Buffer, sound: { codec: 'aac' | 'pcm_mulaw'; rtpTimestamp: number }): Buffer {
  const units = Buffer.from(sound.codec === 'aac' ? [0, 16, frame.length >> 5, (frame.length << 3) & 0xff] : []);
  return Buffer.concat([
    rtpHeader(stream, { payloadBytes: units.length + frame.length, type: soundPayloadTypes[sound.codec], isLast: true, ...sound }),
    units,
    frame,
  ]);
}

function rtpHeader(stream: RtpStream, packet: { payloadBytes: number; type: number; isLast: boolean; rtpTimestamp: number }): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80; // version 2
  header[1] = (packet.isLast ? 0x80 : 0) | packet.type;
  header.writeUInt16BE(stream.sequence, 2);
  header.writeUInt32BE(packet.rtpTimestamp >>> 0, 4);
  header.writeUInt32BE(stream.ssrc, 8);
  stream.sequence = (stream.sequence + 1) & 0xffff;
  stream.packets += 1;
  stream.payloadBytes += packet.payloadBytes;
  return header;
}

function fragment(unit: NalUnit): Buffer[] {
  const nalHeader = unit[0] ?? 0;
  const indicator = (nalHeader & 0xe0) | fuA;
  const type = nalHeader & 0x1f;
  const fragments: Buffer[] = [];
  for (let offset = 1; offset < unit.length; offset += payloadBytesMax - 2) {
    const end = Math.min(offset + payloadBytesMax - 2, unit.length);
    const startBit = offset === 1 ? 0x80 : 0;
    const endBit = end === unit.length ? 0x40 : 0;
    fragments.push(Buffer.concat([Buffer.from([indicator, startBit | endBit | type]), unit.subarray(offset, end)]));
  }
  return fragments;
}

/**
 * Sender report (RFC 3550, 6.4.1): tells which moment of wall time the RTP timestamp stands for, so that a recorder can
 * give frames the time they were taken at. `wallMs` is Unix time.
 */
export function senderReport(stream: RtpStream, rtpTimestamp: number, wallMs: number): Buffer {
  const seconds = Math.floor(wallMs / 1000);
  const report = Buffer.alloc(28);
  report[0] = 0x80; // version 2, no report blocks
  report[1] = 200;
  report.writeUInt16BE(6, 2); // length in 32-bit words, less one
  report.writeUInt32BE(stream.ssrc, 4);
  report.writeUInt32BE((seconds + ntpEpochOffsetS) >>> 0, 8);
  report.writeUInt32BE(Math.floor(((wallMs - seconds * 1000) / 1000) * 2 ** 32) >>> 0, 12);
  report.writeUInt32BE(rtpTimestamp >>> 0, 16);
  report.writeUInt32BE(stream.packets >>> 0, 20);
  report.writeUInt32BE(stream.payloadBytes >>> 0, 24);
  return report;
}
