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

/** Cuts a stream of bytes into its top-level boxes. Holds at most one incomplete box. */
export class Mp4BoxSplitter {
  private chunks: Buffer[] = [];
  private heldBytes = 0;
  /** Nothing can be cut before this many bytes are held. */
  private neededBytes = headerBytes;

  /** @returns the boxes that this chunk completed. @throws AppError `unprocessable` when the stream is no MP4 */
  push(chunk: Buffer): Mp4Box[] {
    this.chunks.push(chunk);
    this.heldBytes += chunk.length;
    const boxes: Mp4Box[] = [];
    while (this.heldBytes >= this.neededBytes) {
      const held = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks);
      const header = readBoxHeader(held);
      if (!header) break;
      this.keep(held);
      this.neededBytes = header.sizeBytes;
      if (held.length < header.sizeBytes) break;
      boxes.push({ type: header.type, bytes: held.subarray(0, header.sizeBytes) });
      this.keep(held.subarray(header.sizeBytes));
      this.neededBytes = headerBytes;
    }
    return boxes;
  }

  private keep(rest: Buffer): void {
    this.chunks = rest.length === 0 ? [] : [rest];
    this.heldBytes = rest.length;
  }
}

/** Contents of the boxes of a type inside a container's content, in order. */
function childrenOf(content: Buffer, type: string): Buffer[] {
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
