import { AppError } from '@nightjar/runtime';
import type { SplitUnit } from '../unit-splitter.js';
import { nalKinds, saysRecoveryPoint, type NalKinds } from './nal-kinds.js';
import type { DescribedVideo } from './video-of-description.js';

const rtpHeaderBytes = 12;
const startCode = Buffer.from([0, 0, 0, 1]);
/** More than the key frame of an 8K camera. A longer unit is dropped. */
const unitBytesMax = 16 * 1024 * 1024;
const bufferBytesMin = 64 * 1024;
const wrap90k = 2 ** 32;

/**
 * Puts units together out of RTP packets of H.264 (RFC 6184) or HEVC (RFC 7798), parameter sets in front of each key frame. Payloads are
 * copied once into the open unit, so that packets may lie in a buffer that is read into again.
 */
export class RtpUnits {
  /** Units that were dropped because a packet was missing or they were too long. */
  dropped = 0;
  private readonly kinds: NalKinds;
  private buffer = Buffer.allocUnsafeSlow(bufferBytesMin);
  /** Bytes of the open unit. */
  private filled = 0;
  private hasPicture = false;
  private isKey = false;
  private isBroken = false;
  private hasSequenceParameters = false;
  /** Of the open unit. */
  private ownSets: Buffer[] = [];
  private sets: readonly Buffer[];
  /** Where the NAL unit begins whose parts come now. */
  private fragmentAt: number | undefined;
  private expectedSequence: number | undefined;
  /** Packets are missing in front of the one that is taken; what came before the first one is not known. */
  private isBehindHole = true;
  /** The same in front of the open unit: what is missing may have been its first parts. */
  private mayLackBegin = false;
  private timestamp: number | undefined;
  private closedTimestamp: number | undefined;
  /** The camera sets the mark of a unit's last packet elsewhere too: a unit is complete when the next one begins. */
  private marksLie = false;
  private pts90k: number | undefined;

  /** @param onUnit called for each unit in decoding order */
  constructor(
    private readonly video: DescribedVideo,
    private readonly onUnit: (unit: SplitUnit) => void,
  ) {
    this.kinds = nalKinds[video.codec];
    this.sets = video.parameterSets;
  }

  /** Takes a packet. @throws AppError `unprocessable` for a kind of payload that is not understood */
  push(packet: Buffer): void {
    const payload = this.payloadOf(packet);
    if (!payload) return;
    const timestamp = packet.readUInt32BE(4);
    if (timestamp !== this.timestamp) this.beginAt(timestamp);
    else if (timestamp === this.closedTimestamp) this.marksLie = true;
    this.isBehindHole = false;
    this.takePayload(payload);
    const isLast = ((packet[1] ?? 0) & 0x80) !== 0;
    if (isLast && this.hasPicture && !this.marksLie && this.fragmentAt === undefined) this.close();
  }

  private payloadOf(packet: Buffer): Buffer | undefined {
    const first = packet[0] ?? 0;
    if (packet.length < rtpHeaderBytes || first >> 6 !== 2 || ((packet[1] ?? 0) & 0x7f) !== this.video.payloadType) return undefined;
    if (!this.isNext(packet.readUInt16BE(2))) return undefined;
    let begin = rtpHeaderBytes + (first & 0x0f) * 4;
    if ((first & 0x10) !== 0) begin += begin + 4 <= packet.length ? 4 + packet.readUInt16BE(begin + 2) * 4 : packet.length;
    const padding = (first & 0x20) === 0 ? 0 : (packet.at(-1) ?? 0);
    return begin + this.kinds.headerBytes < packet.length - padding ? packet.subarray(begin, packet.length - padding) : undefined;
  }

  /** Whether a packet is another one than before. After a hole the open unit is of no use. */
  private isNext(sequence: number): boolean {
    const expected = this.expectedSequence;
    if (expected !== undefined && sequence === ((expected - 1) & 0xffff)) return false;
    if (expected !== undefined && sequence !== expected) this.isBroken = this.isBehindHole = true;
    this.expectedSequence = (sequence + 1) & 0xffff;
    return true;
  }

  private beginAt(timestamp: number): void {
    // Parameter sets may have a time of their own; they belong to the picture behind them.
    if (this.hasPicture) this.close();
    else if (this.isBroken) this.clear();
    this.mayLackBegin ||= this.isBehindHole;
    this.timestamp = timestamp;
    this.closedTimestamp = undefined;
  }

  private takePayload(payload: Buffer): void {
    const { kinds } = this;
    const type = kinds.typeOf(payload[0] ?? 0);
    if (kinds.isForeign(type)) throw new AppError('unprocessable', 'the packets of the camera are of a kind that is not understood');
    if (type === kinds.aggregation) this.takeSeveral(payload);
    else if (type === kinds.fragment) this.takePart(payload);
    else this.takeNal(payload);
  }

  private takeSeveral(payload: Buffer): void {
    let at: number = this.kinds.headerBytes;
    while (at + 2 < payload.length) {
      const end = at + 2 + payload.readUInt16BE(at);
      if (end > payload.length) break;
      if (end > at + 2) this.takeNal(payload.subarray(at + 2, end));
      at = end;
    }
  }

  private takePart(payload: Buffer): void {
    const { headerBytes } = this.kinds;
    const head = payload[headerBytes] ?? 0;
    const [isFirst, isLast] = [(head & 0x80) !== 0, (head & 0x40) !== 0];
    if (isFirst) {
      this.fragmentAt = this.filled;
      this.append(startCode);
      this.append(nalHeader(payload, head, headerBytes));
    } else if (this.fragmentAt === undefined) {
      // Its beginning was lost.
      this.isBroken = true;
      return;
    }
    this.append(payload.subarray(headerBytes + 1));
    if (!isLast) return;
    const begin = (this.fragmentAt ?? 0) + startCode.length;
    this.fragmentAt = undefined;
    this.note(this.buffer.subarray(Math.min(begin, this.filled), this.filled));
  }

  private takeNal(nal: Buffer): void {
    this.fragmentAt = undefined;
    // Some servers repeat them between the parts of a picture, where they would begin another one (H.264 7.4.1.2.3).
    if (this.hasPicture && this.kinds.isParameterSet(this.kinds.typeOf(nal[0] ?? 0))) return;
    this.append(startCode);
    this.append(nal);
    this.note(nal);
  }

  /** Looks at a NAL unit that is complete. */
  private note(nal: Buffer): void {
    const { kinds } = this;
    const type = kinds.typeOf(nal[0] ?? 0);
    if (kinds.isPicture(type)) {
      if (this.mayLackBegin && !this.hasPicture && !kinds.isFirstPart(nal)) this.isBroken = true;
      this.hasPicture = true;
      this.isKey ||= kinds.isKey(type);
    } else if (kinds.isParameterSet(type)) {
      this.ownSets.push(Buffer.from(nal));
      this.hasSequenceParameters ||= type === kinds.sequenceParameters;
    } else if (this.video.codec === 'h264' && saysRecoveryPoint(nal)) this.isKey = true;
  }

  private append(part: Buffer): void {
    const bytes = this.filled + part.length;
    if (bytes > unitBytesMax) this.isBroken = true;
    if (this.isBroken) return;
    if (bytes > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.buffer.length * 2));
      this.buffer.copy(larger, 0, 0, this.filled);
      this.buffer = larger;
    }
    part.copy(this.buffer, this.filled);
    this.filled = bytes;
  }

  private close(): void {
    const { filled, isBroken, isKey, timestamp, video } = this;
    this.closedTimestamp = timestamp;
    if (this.hasSequenceParameters) this.sets = this.ownSets;
    if (isBroken || this.fragmentAt !== undefined || timestamp === undefined) this.dropped++;
    else {
      const front = isKey && !this.hasSequenceParameters ? this.sets.flatMap((set) => [startCode, set]) : [];
      const bytes = Buffer.concat([...front, this.buffer.subarray(0, filled)]);
      this.onUnit({ codec: video.codec, bytes, isKey, pts90k: this.unwrap(timestamp) });
    }
    this.clear();
  }

  private clear(): void {
    // What one huge picture took is not kept for the small ones.
    if (this.buffer.length > bufferBytesMin * 16) this.buffer = Buffer.allocUnsafeSlow(bufferBytesMin);
    this.filled = 0;
    this.hasPicture = false;
    this.isKey = false;
    this.isBroken = false;
    this.mayLackBegin = false;
    this.hasSequenceParameters = false;
    this.ownSets = [];
    this.fragmentAt = undefined;
  }

  private unwrap(timestamp: number): number {
    const last = this.pts90k;
    if (last === undefined) return (this.pts90k = timestamp);
    const step = (((timestamp - last) % wrap90k) + wrap90k) % wrap90k;
    this.pts90k = last + (step >= wrap90k / 2 ? step - wrap90k : step);
    return this.pts90k;
  }
}

/** The header of the NAL unit that is sent in parts: what is common stands in front of each part, its type in the part's own header. */
function nalHeader(payload: Buffer, partHeader: number, bytes: 1 | 2): Buffer {
  const [first = 0, second = 0] = payload;
  return bytes === 1
    ? Buffer.from([(first & 0xe0) | (partHeader & 0x1f)])
    : Buffer.from([(first & 0x81) | ((partHeader & 0x3f) << 1), second]);
}
