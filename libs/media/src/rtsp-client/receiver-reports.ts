import { randomBytes } from 'node:crypto';

const rtpHeaderBytes = 12;
const senderReport = 200;
const receiverReport = 201;
const sourceDescription = 202;
const goodbye = 203;
const applicationDefined = 204;
const lostMax = 0x7f_ffff;

/** Whether a packet is one of RTCP: no video of ours has the payload types that these would be. */
export function isControlPacket(packet: Buffer): boolean {
  const type = packet[1] ?? 0;
  return packet.length >= 8 && (packet[0] ?? 0) >> 6 === 2 && type >= senderReport && type <= applicationDefined;
}

/**
 * What a receiver tells a sender of its packets (RTCP, RFC 3550 6.4.2). Cameras end sessions of which they hear nothing. Jitter is told as
 * 0: packets wait here for the next tick, so that only our own pauses could be measured.
 */
export class ReceiverReports {
  private readonly ownSource = randomBytes(4);
  private readonly name = Buffer.from(randomBytes(12).toString('base64'));
  /** The sender's SSRC; undefined before its first packet. */
  private source: number | undefined;
  /** Sequence numbers, counted on where their 16 bits begin anew. */
  private first = 0;
  private highest = 0;
  private received = 0;
  private told = { expected: 0, received: 0 };
  /** The middle 32 bits of the NTP time in the newest sender report, and when that came. */
  private heard: { ntpMiddle: number; atMs: number } | undefined;

  /** Counts an RTP packet. */
  take(packet: Buffer): void {
    if (packet.length < rtpHeaderBytes) return;
    const sequence = packet.readUInt16BE(2);
    const source = packet.readUInt32BE(8);
    if (source !== this.source) this.begin(source, sequence);
    const step = (sequence - this.highest) & 0xffff;
    if (step < 0x8000) this.highest += step;
    this.received++;
  }

  /**
   * Takes what the sender tells.
   * @param atMs on a clock that never jumps
   * @returns whether it says that it has ended
   */
  takeControl(packets: Buffer, atMs: number): boolean {
    for (let at = 0; at + 8 <= packets.length;) {
      const type = packets[at + 1] ?? 0;
      const end = at + 4 + packets.readUInt16BE(at + 2) * 4;
      if (packets[at]! >> 6 !== 2 || end > packets.length) return false;
      const isOfSource = end >= at + 8 && packets.readUInt32BE(at + 4) === this.source;
      if (type === senderReport && isOfSource && end >= at + 28) this.heard = { ntpMiddle: packets.readUInt32BE(at + 10), atMs };
      if (type === goodbye && isOfSource) return true;
      at = end;
    }
    return false;
  }

  /** A report with who we are, as each must be sent; undefined as long as there is nothing to report. */
  report(atMs: number): Buffer | undefined {
    if (this.source === undefined) return undefined;
    const expected = this.highest - this.first + 1;
    const lost = Math.max(-lostMax, Math.min(lostMax, expected - this.received));
    const report = Buffer.alloc(32);
    report.writeUInt32BE(0x81_00_00_07 + receiverReport * 0x1_0000, 0);
    this.ownSource.copy(report, 4);
    report.writeUInt32BE(this.source, 8);
    report.writeUInt8(this.lostSinceTold(expected), 12);
    report.writeIntBE(lost, 13, 3);
    report.writeUInt32BE(this.highest % 2 ** 32, 16);
    if (this.heard) {
      report.writeUInt32BE(this.heard.ntpMiddle, 24);
      report.writeUInt32BE(Math.round(((atMs - this.heard.atMs) / 1_000) * 0x1_0000) % 2 ** 32, 28);
    }
    this.told = { expected, received: this.received };
    return Buffer.concat([report, this.description()]);
  }

  private begin(source: number, sequence: number): void {
    this.source = source;
    this.first = sequence;
    this.highest = sequence;
    this.received = 0;
    this.told = { expected: 0, received: 0 };
    this.heard = undefined;
  }

  /** In 256ths of what was due since the last report. */
  private lostSinceTold(expected: number): number {
    const due = expected - this.told.expected;
    const lost = due - (this.received - this.told.received);
    return due <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / due));
  }

  private description(): Buffer {
    const item = Buffer.concat([Buffer.from([1, this.name.length]), this.name]);
    // One zero at least ends the list.
    const chunk = Buffer.alloc(4 + Math.ceil((item.length + 1) / 4) * 4);
    this.ownSource.copy(chunk);
    item.copy(chunk, 4);
    return Buffer.concat([Buffer.from([0x81, sourceDescription, 0, chunk.length / 4]), chunk]);
  }
}

/** A packet as it is sent inside of an RTSP connection (RFC 2326, 10.12). */
export function interleave(channel: number, packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]), packet]);
}
