import { SteadyTimes } from '../steady-times.js';

const interleavedBytes = 4;
const rtpHeaderBytes = 12;
/** RTCP in the place of RTP (RFC 5761, 4). */
const [controlFirst, controlLast] = [192, 223];
const nothing = Buffer.alloc(0);

interface Medium {
  readonly times: SteadyTimes;
  timestamp: number | undefined;
}

/**
 * Interleaved packets (RFC 2326, 10.12) with times that do not jump when the camera's clock is set (steady-times.ts): FFmpeg would show
 * all pictures of five seconds at once when it was set back by so much. Times are written where they stand; nothing is copied, but for
 * the header of a packet that two reads cut in two.
 */
export class SteadyPackets {
  private readonly media = new Map<number, Medium>();
  /** The begin of a header, of which the rest comes with the next run. */
  private held: Buffer = nothing;
  /** Of the packet that the last run began. */
  private bytesLeft = 0;

  /** @param nowMs the clock that never jumps */
  constructor(private readonly nowMs: () => number) {}

  /** A medium, by the channel of its packets. */
  add(channel: number, clockHz: number): void {
    this.media.set(channel, { times: new SteadyTimes(clockHz), timestamp: undefined });
  }

  /** @param run may begin and end inside of a packet; it is written into @returns what FFmpeg gets of it */
  pass(run: Buffer): Buffer {
    const bytes = this.held.length === 0 ? run : Buffer.concat([this.held, run]);
    this.held = nothing;
    let at = this.bytesLeft;
    while (at < bytes.length) {
      const end = at + interleavedBytes + (bytes.length < at + interleavedBytes ? 0 : bytes.readUInt16BE(at + 2));
      if (bytes.length < Math.min(at + interleavedBytes + rtpHeaderBytes, Math.max(end, at + interleavedBytes))) {
        this.held = Buffer.from(bytes.subarray(at));
        this.bytesLeft = 0;
        return bytes.subarray(0, at);
      }
      if (end - at >= interleavedBytes + rtpHeaderBytes) this.steady(bytes, at);
      at = end;
    }
    this.bytesLeft = at - bytes.length;
    return bytes;
  }

  private steady(bytes: Buffer, at: number): void {
    const medium = this.media.get(bytes[at + 1] ?? 0);
    const [version, type] = [(bytes[at + interleavedBytes] ?? 0) >> 6, bytes[at + interleavedBytes + 1] ?? 0];
    if (!medium || version !== 2 || (type >= controlFirst && type <= controlLast)) return;
    const timeAt = at + interleavedBytes + 4;
    const timestamp = bytes.readUInt32BE(timeAt);
    // The short way round.
    const step = (timestamp - (medium.timestamp ?? timestamp)) | 0;
    medium.timestamp = timestamp;
    const shift = medium.times.take(step, this.nowMs());
    if (shift !== 0) bytes.writeUInt32BE((timestamp + shift) >>> 0, timeAt);
  }
}
