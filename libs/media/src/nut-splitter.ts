import { AppError } from '@nightjar/runtime';

/** One packet of one stream. */
export interface NutFrame {
  /** Counts from 0 in the order in which the streams were mapped. */
  readonly stream: number;
  /** When it is shown. */
  readonly ptsSeconds: number;
  /** A view of what was pushed: whoever keeps it copies it. */
  readonly bytes: Buffer;
}

const fileId = Buffer.from('nut/multimedia container\0', 'latin1');
/** First byte of every start code; no frame begins with it. */
const startCodeByte = 0x4e;
const startCodes = { main: '4e4d7a561f5f04ad', stream: '4e5311405bf2f9db', syncpoint: '4e4be4adeeca4569' } as const;
const startCodeBytes = 8;
/** Headers that are longer have a checksum of their own length. */
const longHeaderBytes = 4_096;
const checksumBytes = 4;
/** More than a picture of the largest size that is decoded; what is longer is no NUT. */
const packetBytesMax = 64 * 1024 * 1024;
const streamsMax = 16;
/** Elision headers are only used in front of packets up to this size. */
const elidedBytesMax = 4_096;

const flag = {
  codedPts: 1 << 3,
  streamId: 1 << 4,
  sizeMsb: 1 << 5,
  checksum: 1 << 6,
  reserved: 1 << 7,
  sideData: 1 << 8,
  headerIndex: 1 << 10,
  matchTime: 1 << 11,
  coded: 1 << 12,
  invalid: 1 << 13,
} as const;

interface FrameCode {
  readonly flags: number;
  readonly stream: number;
  readonly ptsDelta: number;
  readonly sizeMultiplier: number;
  readonly sizeLsb: number;
  readonly reserved: number;
  readonly headerIndex: number;
}

interface MainHeader {
  readonly streams: number;
  /** Seconds a tick. */
  readonly timeBases: readonly number[];
  readonly frameCodes: readonly FrameCode[];
  readonly elisions: readonly Buffer[];
}

interface NutStream {
  readonly secondsPerTick: number;
  readonly msbShift: number;
  lastPts: number;
}

/**
 * Cuts NUT, FFmpeg's own container, into its packets: several streams with their times in one pipe, each given out at once. It is read
 * as its specification says (version 3), as far as a pipe from our own FFmpeg needs: no seeking, and what is broken is an error.
 */
export class NutSplitter {
  private pending: Buffer = Buffer.alloc(0);
  private at = 0;
  private main: MainHeader | undefined;
  private readonly streams: NutStream[] = [];

  /** @returns the packets that this chunk completed. @throws AppError `internal` when the stream is no NUT */
  push(chunk: Buffer): NutFrame[] {
    this.pending = this.at === this.pending.length ? chunk : Buffer.concat([this.pending.subarray(this.at), chunk]);
    this.at = 0;
    const frames: NutFrame[] = [];
    for (let end = this.step(frames); end !== undefined; end = this.step(frames)) this.at = end;
    if (this.pending.length - this.at > packetBytesMax) throw broken('a packet has no end');
    return frames;
  }

  /** Reads one packet. @returns where it ends; undefined: more bytes are needed */
  private step(frames: NutFrame[]): number | undefined {
    const reader = new NutReader(this.pending, this.at);
    if (this.at === this.pending.length) return undefined;
    if (!this.main && this.pending[this.at] === fileId[0]) {
      if (!reader.bytes(fileId.length).equals(fileId)) {
        if (reader.isShort) return undefined;
        throw broken('it begins with something else');
      }
      return reader.at;
    }
    return this.pending[this.at] === startCodeByte ? this.takeHeader(reader) : this.takeFrame(reader, frames);
  }

  private takeHeader(reader: NutReader): number | undefined {
    const code = reader.bytes(startCodeBytes).toString('hex');
    const length = reader.varint();
    if (length > packetBytesMax) throw broken('a header has no end');
    if (length > longHeaderBytes) reader.bytes(checksumBytes);
    const begin = reader.at;
    reader.bytes(length);
    if (reader.isShort) return undefined;
    const content = new NutReader(this.pending.subarray(0, begin + length - checksumBytes), begin);
    if (code === startCodes.main) this.main = readMainHeader(content);
    else if (code === startCodes.stream) this.readStream(content);
    else if (code === startCodes.syncpoint) this.synchronize(content.varint());
    if (content.isShort) throw broken('a header ends early');
    return begin + length;
  }

  private readStream(content: NutReader): void {
    const id = content.varint();
    content.varint(); // class
    content.bytes(content.varint()); // fourcc
    const secondsPerTick = this.main?.timeBases[content.varint()];
    const msbShift = content.varint();
    if (secondsPerTick === undefined || id >= (this.main?.streams ?? 0) || msbShift > 16) throw broken('a stream is described wrongly');
    this.streams[id] = { secondsPerTick, msbShift, lastPts: this.streams[id]?.lastPts ?? 0 };
  }

  /** Times behind it are told relative to its own. */
  private synchronize(coded: number): void {
    const { timeBases = [] } = this.main ?? {};
    const seconds = Math.floor(coded / timeBases.length) * (timeBases[coded % timeBases.length] ?? Number.NaN);
    if (!Number.isFinite(seconds)) throw broken('a syncpoint comes before the headers');
    // Down to the tick, whatever is lost in the division.
    for (const stream of this.streams) stream.lastPts = Math.floor(seconds / stream.secondsPerTick + 1e-6);
  }

  private takeFrame(reader: NutReader, frames: NutFrame[]): number | undefined {
    const code = this.main?.frameCodes[reader.byte()];
    if (!this.main || !code || (code.flags & flag.invalid) !== 0) throw broken('a frame has no known kind');
    const flags = (code.flags & flag.coded) === 0 ? code.flags : code.flags ^ reader.varint();
    const has = (name: keyof typeof flag) => (flags & flag[name]) !== 0;
    const id = has('streamId') ? reader.varint() : code.stream;
    const codedPts = has('codedPts') ? reader.varint() : undefined;
    let length = code.sizeLsb + (has('sizeMsb') ? code.sizeMultiplier * reader.varint() : 0);
    if (has('matchTime')) reader.skipVarint();
    const headerIndex = has('headerIndex') ? reader.varint() : code.headerIndex;
    for (let left = has('reserved') ? reader.varint() : code.reserved; left > 0 && !reader.isShort; left--) reader.skipVarint();
    if (has('checksum')) reader.bytes(checksumBytes);
    if (reader.isShort) return undefined;
    const stream = this.streams[id];
    const elided = this.main.elisions[length > elidedBytesMax ? 0 : headerIndex];
    if (!stream || !elided || has('sideData') || length > packetBytesMax || length < elided.length) throw broken('a frame is wrong');
    length -= elided.length;
    const rest = reader.bytes(length);
    if (reader.isShort) return undefined;
    stream.lastPts = codedPts === undefined ? stream.lastPts + code.ptsDelta : fullPts(stream, codedPts);
    const bytes = elided.length === 0 ? rest : Buffer.concat([elided, rest]);
    frames.push({ stream: id, ptsSeconds: stream.lastPts * stream.secondsPerTick, bytes });
    return reader.at;
  }
}

/** Times are told whole, or by their low bits: then they are the nearest to the last one. */
function fullPts({ lastPts, msbShift }: NutStream, coded: number): number {
  const period = 2 ** msbShift;
  if (coded >= period) return coded - period;
  const lowest = lastPts - Math.floor((period - 1) / 2);
  return lowest + ((((coded - lowest) % period) + period) % period);
}

function readMainHeader(content: NutReader): MainHeader {
  const version = content.varint();
  if (version !== 3) throw broken(`its version is ${version}`);
  const streams = content.varint();
  content.varint(); // longest distance between syncpoints
  const timeBaseCount = content.varint();
  if (streams > streamsMax || timeBaseCount > streamsMax) throw broken('it has too many streams');
  const timeBases = Array.from({ length: timeBaseCount }, () => content.varint() / content.varint());
  const frameCodes = readFrameCodes(content);
  const elisions = [Buffer.alloc(0)];
  for (let left = content.varint(); left > 0 && !content.isShort; left--) elisions.push(Buffer.from(content.bytes(content.varint())));
  return { streams, timeBases, frameCodes, elisions };
}

/** What each first byte of a frame means: runs of bytes that differ in the low part of the size only. */
function readFrameCodes(content: NutReader): FrameCode[] {
  const codes: FrameCode[] = [];
  const usual = { ptsDelta: 0, sizeMultiplier: 1, stream: 0, headerIndex: 0 };
  while (codes.length < 256 && !content.isShort) {
    const flags = content.varint();
    const fields = content.varint();
    if (fields > 0) usual.ptsDelta = content.signed();
    if (fields > 1) usual.sizeMultiplier = content.varint();
    if (fields > 2) usual.stream = content.varint();
    const firstSize = fields > 3 ? content.varint() : 0;
    const reserved = fields > 4 ? content.varint() : 0;
    const count = fields > 5 ? content.varint() : usual.sizeMultiplier - firstSize;
    if (fields > 6) content.skipVarint();
    if (fields > 7) usual.headerIndex = content.varint();
    for (let field = 8; field < fields && !content.isShort; field++) content.skipVarint();
    if (count <= 0) throw broken('its table of frames is wrong');
    for (let step = 0; step < count && codes.length < 256; step++) {
      if (codes.length === startCodeByte) codes.push({ ...usual, flags: flag.invalid, sizeLsb: 0, reserved: 0 });
      codes.push({ ...usual, flags, sizeLsb: firstSize + step, reserved });
    }
  }
  return codes;
}

/** Reads on from a place; beyond the end there are zeros, and `isShort` says so. */
class NutReader {
  isShort = false;

  constructor(
    private readonly source: Buffer,
    public at: number,
  ) {}

  byte(): number {
    const value = this.source[this.at++];
    this.isShort ||= value === undefined;
    return value ?? 0;
  }

  /** Seven bits a byte, the highest first; as many as a number holds exactly. */
  varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if ((byte & 0x80) === 0) return value;
      if (value > Number.MAX_SAFE_INTEGER / 128) throw broken('a number is too large');
    }
  }

  /** For what is of no use here, and may be larger than a number holds. */
  skipVarint(): void {
    while ((this.byte() & 0x80) !== 0);
  }

  signed(): number {
    const value = this.varint() + 1;
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  }

  bytes(length: number): Buffer {
    const begin = this.at;
    this.at += length;
    this.isShort ||= this.at > this.source.length;
    return this.source.subarray(begin, this.at);
  }
}

function broken(what: string): AppError {
  return new AppError('internal', `the decoder sent something that is no NUT: ${what}`);
}
