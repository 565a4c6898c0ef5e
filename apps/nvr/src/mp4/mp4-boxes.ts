import { AppError } from '@nightjar/runtime';

/** One box of an MP4 file (ISO/IEC 14496-12 §4.2). */
export interface Mp4Box {
  /** Four characters. */
  type: string;
  /** All of it, header included. */
  bytes: Buffer;
}

/** A fragment of a second has some megabytes; a box that claims more is not from us. */
const boxBytesMax = 64 * 1024 * 1024;
const headerBytes = 8;

/** Size and type of the box that begins at `offset`; undefined when its header is not all there. @throws AppError `unprocessable` */
export function readBoxHeader(bytes: Buffer, offset = 0): { type: string; sizeBytes: number } | undefined {
  if (bytes.length - offset < headerBytes) return undefined;
  const sizeBytes = bytes.readUInt32BE(offset);
  const type = bytes.toString('latin1', offset + 4, offset + 8);
  // 0 ("to the end of the file") and 1 (64 bit) never come out of a fragmented stream.
  if (sizeBytes < headerBytes || sizeBytes > boxBytesMax) throw new AppError('unprocessable', 'the stream is not fragmented MP4');
  return { type, sizeBytes };
}

/** A box as it came out of a stream. */
export interface StreamBox {
  type: string;
  /** All of it, header included, in the pieces that it came in: a second of video is not copied to be one. */
  pieces: Buffer[];
}

/** Cuts a stream of bytes into its top-level boxes, without copying them. Holds at most one incomplete box. */
export class Mp4BoxSplitter {
  private readonly header = Buffer.alloc(headerBytes);
  /** Of a header that came in two pieces. */
  private headerFilled = 0;
  private open: (StreamBox & { missingBytes: number }) | undefined;

  /** @returns the boxes that this chunk completed. @throws AppError `unprocessable` when the stream is no MP4 */
  push(chunk: Buffer): StreamBox[] {
    const boxes: StreamBox[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (!this.open) at = this.begin(chunk, at);
      if (!this.open) break;
      const end = Math.min(chunk.length, at + this.open.missingBytes);
      if (end > at) this.open.pieces.push(chunk.subarray(at, end));
      this.open.missingBytes -= end - at;
      at = end;
      if (this.open.missingBytes > 0) break;
      boxes.push({ type: this.open.type, pieces: this.open.pieces });
      this.open = undefined;
    }
    return boxes;
  }

  /** Opens the box that begins at `at`, if its header is there. @returns how far the chunk was taken */
  private begin(chunk: Buffer, at: number): number {
    const whole = this.headerFilled === 0 ? readBoxHeader(chunk, at) : undefined;
    if (whole) {
      this.open = { type: whole.type, pieces: [], missingBytes: whole.sizeBytes };
      return at;
    }
    const taken = chunk.copy(this.header, this.headerFilled, at);
    this.headerFilled += taken;
    if (this.headerFilled < headerBytes) return at + taken;
    this.headerFilled = 0;
    const header = readBoxHeader(this.header);
    if (header) this.open = { type: header.type, pieces: [Buffer.from(this.header)], missingBytes: header.sizeBytes - headerBytes };
    return at + taken;
  }
}

/** A box in one piece. */
export function wholeBox({ pieces, type }: StreamBox): Mp4Box {
  return { type, bytes: pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces) };
}

/** Contents of the boxes of a type inside a container's content, in order. */
export function childrenOf(content: Buffer, type: string): Buffer[] {
  const found: Buffer[] = [];
  for (let offset = 0; offset < content.length;) {
    const header = readBoxHeader(content, offset);
    if (!header || offset + header.sizeBytes > content.length) throw new AppError('unprocessable', 'a box inside of an MP4 box is cut off');
    if (header.type === type) found.push(content.subarray(offset + headerBytes, offset + header.sizeBytes));
    offset += header.sizeBytes;
  }
  return found;
}

/** Content of the first box at a path of types, e.g. `['trak', 'mdia', 'mdhd']`; undefined when there is none. */
export function descendantOf(content: Buffer, path: readonly string[]): Buffer | undefined {
  return path.reduce<Buffer | undefined>((parent, type) => parent && childrenOf(parent, type)[0], content);
}

/** What is inside of a box. */
export function contentOf(box: Mp4Box): Buffer {
  return box.bytes.subarray(headerBytes);
}
