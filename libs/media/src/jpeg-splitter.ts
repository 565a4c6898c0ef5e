import { AppError } from '@nightjar/runtime';

/** One JPEG file in memory. */
export interface JpegPicture {
  readonly bytes: Buffer;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

const marker = { startOfImage: 0xd8, endOfImage: 0xd9, startOfScan: 0xda, temporary: 0x01, firstRestart: 0xd0, lastRestart: 0xd7 } as const;
/** A picture of 1280 pixels width has some 100 KB; what is longer than this is no JPEG stream. */
const pictureBytesMax = 16 * 1024 * 1024;

/** @returns the picture of a whole file. @throws AppError `internal` when it says no size */
export function jpegOf(bytes: Buffer): JpegPicture {
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff;) {
    const code = bytes[at + 1] ?? 0;
    if (isStartOfFrame(code)) return { bytes, height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  throw new AppError('internal', 'the decoder sent something that is no JPEG');
}

/**
 * Cuts a byte stream of JPEG files laid end to end into pictures, by their marker segments: an end marker inside an embedded
 * thumbnail or a comment ends nothing.
 */
export class JpegSplitter {
  /**
   * @param options.skipsHeaders whether text may stand between two pictures, as in a `multipart` body: it is passed over, and so is a
   *   picture that another one begins in
   */
  constructor(private readonly options: { skipsHeaders: boolean } = { skipsHeaders: false }) {}

  private pending: Buffer = Buffer.alloc(0);
  /** Everything before it is parsed. */
  private cursor = 0;
  private inScan = false;
  private size = { width: 0, height: 0 };

  /** @returns the pictures that this chunk completed. @throws AppError `internal` when the stream is no JPEG */
  push(chunk: Buffer): JpegPicture[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const pictures: JpegPicture[] = [];
    while (this.step(pictures));
    if (this.pending.length > pictureBytesMax) throw new AppError('internal', 'a picture of the decoder has no end');
    return pictures;
  }

  /** Parses one segment or one run of scan data. @returns false when more bytes are needed */
  private step(pictures: JpegPicture[]): boolean {
    if (this.inScan) return this.skipScan();
    if (this.options.skipsHeaders && this.cursor === 0) this.skipHeader();
    if (this.pending.length < this.cursor + 2) return false;
    if (this.pending[this.cursor] !== 0xff) throw new AppError('internal', 'the decoder sent something that is no JPEG');
    const code = this.pending[this.cursor + 1] ?? 0;
    if (this.cursor === 0 && code !== marker.startOfImage) throw new AppError('internal', 'the decoder sent something that is no JPEG');
    if (code === 0xff) {
      // A fill byte before a marker.
      this.cursor += 1;
      return true;
    }
    if (code === marker.endOfImage) {
      pictures.push(this.cutPicture(this.cursor + 2));
      return true;
    }
    if (this.options.skipsHeaders && this.cursor > 0 && code === marker.startOfImage) {
      this.pending = this.pending.subarray(this.cursor);
      this.cursor = 0;
    }
    if (isStandalone(code)) {
      this.cursor += 2;
      return true;
    }
    return this.skipSegment(code);
  }

  /** What is no begin of a picture; its first byte may be the last one that came. */
  private skipHeader(): void {
    const begin = this.pending.indexOf(Buffer.of(0xff, marker.startOfImage));
    if (begin >= 0) this.pending = this.pending.subarray(begin);
    else this.pending = this.pending.at(-1) === 0xff ? this.pending.subarray(-1) : Buffer.alloc(0);
  }

  private skipSegment(code: number): boolean {
    if (this.pending.length < this.cursor + 4) return false;
    const end = this.cursor + 2 + this.pending.readUInt16BE(this.cursor + 2);
    if (this.pending.length < end) return false;
    if (isStartOfFrame(code))
      this.size = { height: this.pending.readUInt16BE(this.cursor + 5), width: this.pending.readUInt16BE(this.cursor + 7) };
    this.cursor = end;
    this.inScan = code === marker.startOfScan;
    return true;
  }

  /** In compressed data an FF is followed by 00, by a restart marker, or it begins the next segment. */
  private skipScan(): boolean {
    const found = this.pending.indexOf(0xff, this.cursor);
    if (found < 0 || found + 1 >= this.pending.length) {
      this.cursor = found < 0 ? this.pending.length : found;
      return false;
    }
    const code = this.pending[found + 1] ?? 0;
    if (code === 0 || isRestart(code)) this.cursor = found + 2;
    else if (code === 0xff) this.cursor = found + 1;
    else {
      this.cursor = found;
      this.inScan = false;
    }
    return true;
  }

  private cutPicture(end: number): JpegPicture {
    // A copy: a view would keep the whole chunk alive as long as the picture.
    const picture = { bytes: Buffer.from(this.pending.subarray(0, end)), ...this.size };
    this.pending = this.pending.subarray(end);
    this.cursor = 0;
    this.size = { width: 0, height: 0 };
    return picture;
  }
}

function isRestart(code: number): boolean {
  return code >= marker.firstRestart && code <= marker.lastRestart;
}

function isStandalone(code: number): boolean {
  return code === marker.startOfImage || code === marker.temporary || isRestart(code);
}

/** SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isStartOfFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}
