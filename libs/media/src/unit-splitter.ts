/** Video codecs whose units are understood. */
export type UnitCodec = 'h264' | 'hevc';

/** One encoded access unit as it stood in a transport stream. */
export interface SplitUnit {
  readonly codec: UnitCodec;
  /** Annex B byte stream of the unit. */
  readonly bytes: Buffer;
  /** Whether a decoder can start here. */
  readonly isKey: boolean;
  /** When it is shown: ticks of 90 kHz since an arbitrary moment. The 33 bits of the wire never jump back here. */
  readonly pts90k: number;
}

const packetBytes = 188;
const syncByte = 0x47;
const wrap90k = 2 ** 33;
/** More than the key frame of an 8K camera. A longer unit is dropped. */
const unitBytesMax = 16 * 1024 * 1024;
/** Stream types of ISO/IEC 13818-1, table 2-34. */
const codecs: ReadonlyMap<number, UnitCodec> = new Map([
  [0x1b, 'h264'],
  [0x24, 'hevc'],
]);

interface OpenUnit {
  parts: Buffer[];
  bytes: number;
  /** Of its payload; undefined: until the next unit begins. */
  bytesExpected: number | undefined;
  isKey: boolean;
  pts90k: number;
}

/**
 * Cuts an MPEG transport stream with one video into its units, without looking into them: size, time and "a decoder can start
 * here" stand in the headers. Bytes that are no packet are skipped up to the next one; a unit with a hole is dropped and counted.
 */
export class UnitSplitter {
  /** Units that were dropped because a packet was missing or they were too long. */
  dropped = 0;
  /** The stream names its content, and it is nothing that is understood here. */
  hasForeignVideo = false;
  private pending: Buffer = Buffer.alloc(0);
  private tablePid: number | undefined;
  private video: { pid: number; codec: UnitCodec } | undefined;
  private open: OpenUnit | undefined;
  private continuity: number | undefined;
  private lastPts90k: number | undefined;

  /** @returns the units that this chunk completed. One without a length is complete when the next one begins */
  push(chunk: Buffer): SplitUnit[] {
    const bytes = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const units: SplitUnit[] = [];
    let at = 0;
    while (at + packetBytes <= bytes.length) {
      const begin = nextPacket(bytes, at);
      if (begin !== at) {
        at = begin;
        continue;
      }
      this.takePacket(bytes.subarray(at, at + packetBytes), units);
      at += packetBytes;
    }
    // A copy: a view would keep the whole chunk alive for a few bytes.
    this.pending = Buffer.from(bytes.subarray(Math.min(at, bytes.length)));
    return units;
  }

  /** @returns the unit that no other followed, at the end of the stream */
  end(): SplitUnit[] {
    const units: SplitUnit[] = [];
    this.close(units);
    return units;
  }

  private takePacket(packet: Buffer, units: SplitUnit[]): void {
    const head = packet.readUInt16BE(1);
    const starts = (head & 0x4000) !== 0;
    const pid = head & 0x1fff;
    const payload = payloadOf(packet);
    if (!payload) return;
    if (pid === 0) this.takeProgramTable(sectionOf(payload, starts));
    else if (pid === this.tablePid) this.takeStreamTable(sectionOf(payload, starts), units);
    else if (pid === this.video?.pid && this.isNext(packet)) this.takeVideo({ packet, payload, starts }, units);
  }

  private takeProgramTable(section: Buffer | undefined): void {
    // Program 0 names the network, not a program.
    for (let at = 8; section && at + 8 <= section.length; at += 4)
      if (section.readUInt16BE(at) !== 0) this.tablePid = section.readUInt16BE(at + 2) & 0x1fff;
  }

  private takeStreamTable(section: Buffer | undefined, units: SplitUnit[]): void {
    if (!section || section.length < 16) return;
    let at = 12 + (section.readUInt16BE(10) & 0x0fff);
    while (at + 9 <= section.length) {
      const codec = codecs.get(section[at] ?? 0);
      const pid = section.readUInt16BE(at + 1) & 0x1fff;
      if (codec) {
        if (this.video && (this.video.pid !== pid || this.video.codec !== codec)) this.close(units);
        if (this.video?.pid !== pid) this.continuity = undefined;
        this.video = { pid, codec };
        this.hasForeignVideo = false;
        return;
      }
      at += 5 + (section.readUInt16BE(at + 3) & 0x0fff);
    }
    this.hasForeignVideo = true;
  }

  /** Whether the packet follows the one before. A repeated one does not; after a hole the open unit is dropped. */
  private isNext(packet: Buffer): boolean {
    const counter = (packet[3] ?? 0) & 0x0f;
    const last = this.continuity;
    this.continuity = counter;
    if (last === undefined || counter === ((last + 1) & 0x0f)) return true;
    if (counter === last) return false;
    this.drop();
    return true;
  }

  private takeVideo({ packet, payload, starts }: { packet: Buffer; payload: Buffer; starts: boolean }, units: SplitUnit[]): void {
    if (starts) {
      this.close(units);
      this.begin(packet, payload);
    } else if (this.open) this.append(payload);
    const { open } = this;
    if (open?.bytesExpected !== undefined && open.bytes >= open.bytesExpected) this.close(units);
  }

  private begin(packet: Buffer, payload: Buffer): void {
    if (payload.length < 14 || payload.readUIntBE(0, 3) !== 1 || ((payload[7] ?? 0) & 0x80) === 0) return;
    const headerBytes = 9 + (payload[8] ?? 0);
    const length = payload.readUInt16BE(4);
    this.open = {
      parts: [],
      bytes: 0,
      bytesExpected: length === 0 ? undefined : Math.max(0, length + 6 - headerBytes),
      isKey: isRandomAccess(packet),
      pts90k: this.unwrap(ptsOf(payload)),
    };
    this.append(payload.subarray(headerBytes));
  }

  private append(part: Buffer): void {
    const { open } = this;
    if (!open) return;
    open.parts.push(part);
    open.bytes += part.length;
    if (open.bytes > unitBytesMax) this.drop();
  }

  private close(units: SplitUnit[]): void {
    const { open, video } = this;
    this.open = undefined;
    if (!open || !video || open.bytes === 0) return;
    if (open.bytesExpected !== undefined && open.bytes < open.bytesExpected) {
      this.dropped++;
      return;
    }
    units.push({ codec: video.codec, bytes: Buffer.concat(open.parts), isKey: open.isKey, pts90k: open.pts90k });
  }

  private drop(): void {
    if (this.open) this.dropped++;
    this.open = undefined;
  }

  private unwrap(pts: number): number {
    const last = this.lastPts90k;
    if (last === undefined) return (this.lastPts90k = pts);
    const step = (((pts - last) % wrap90k) + wrap90k) % wrap90k;
    this.lastPts90k = last + (step >= wrap90k / 2 ? step - wrap90k : step);
    return this.lastPts90k;
  }
}

/** Where a packet may begin: two sync bytes in a row, or one with too little behind it to tell. */
function nextPacket(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(syncByte, from);
  while (at >= 0 && at + packetBytes < bytes.length && bytes[at + packetBytes] !== syncByte) at = bytes.indexOf(syncByte, at + 1);
  return at < 0 ? bytes.length : at;
}

function payloadOf(packet: Buffer): Buffer | undefined {
  const control = ((packet[3] ?? 0) >> 4) & 0x03;
  if ((control & 0x01) === 0) return undefined;
  const start = (control & 0x02) === 0 ? 4 : 5 + (packet[4] ?? 0);
  return start < packetBytes ? packet.subarray(start) : undefined;
}

function isRandomAccess(packet: Buffer): boolean {
  const hasField = ((packet[3] ?? 0) & 0x20) !== 0 && (packet[4] ?? 0) > 0;
  return hasField && ((packet[5] ?? 0) & 0x40) !== 0;
}

/** A table that fits into one packet, as those of one program do; undefined when it doesn't, or its checksum is wrong. */
function sectionOf(payload: Buffer, starts: boolean): Buffer | undefined {
  if (!starts) return undefined;
  const begin = 1 + (payload[0] ?? 0);
  if (begin + 3 > payload.length) return undefined;
  const end = begin + 3 + (payload.readUInt16BE(begin + 1) & 0x0fff);
  if (end > payload.length) return undefined;
  const section = payload.subarray(begin, end);
  return checksumOf(section) === 0 ? section : undefined;
}

/** CRC-32 of MPEG-2 sections; 0 over a section with its own checksum. */
function checksumOf(section: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of section) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  return crc >>> 0;
}

function ptsOf(pes: Buffer): number {
  const high = ((pes[9] ?? 0) >> 1) & 0x07;
  const middle = pes.readUInt16BE(10) >> 1;
  const low = pes.readUInt16BE(12) >> 1;
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
