import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { AppError } from '@nightjar/runtime';
import type { ByteRange } from '../segments/parse-range-header.js';
import { changesOf, type ClipLayout, type ClipPiece } from './clip-layout.js';

/** Held for a reader at a time. */
const chunkBytesMax = 256 * 1024;

interface ReadOptions {
  bytes: ByteRange;
  /** Opens a recorded file. @throws AppError `not_found` */
  open: (file: string) => Promise<FileHandle>;
}

/**
 * Bytes of a clip, read from the recorded files as fast as they are taken.
 * @param options.stalledMsMax a reader that takes nothing for so long is left
 * @throws later, on the stream: AppError `not_found` when a file has gone meanwhile, the error of the disk
 */
export function streamClip(layout: ClipLayout, options: ReadOptions & { stalledMsMax: number }): Readable {
  const { stalledMsMax } = options;
  let stalled: NodeJS.Timeout | undefined;
  const watched = async function* () {
    try {
      for await (const chunk of readClip(layout, options)) {
        stalled = setTimeout(() => stream.destroy(new AppError('deadline_exceeded', 'nobody reads the clip')), stalledMsMax);
        yield chunk;
        clearTimeout(stalled);
      }
    } finally {
      clearTimeout(stalled);
    }
  };
  const stream = Readable.from(watched(), { objectMode: false, highWaterMark: chunkBytesMax });
  return stream;
}

/** @throws AppError `not_found` when a file has gone meanwhile, the error of the disk */
export async function* readClip(layout: ClipLayout, { bytes, open }: ReadOptions): AsyncGenerator<Buffer, void, undefined> {
  const endBytes = bytes.last + 1;
  const { head } = layout;
  if (bytes.first < head.length) yield head.subarray(bytes.first, endBytes);
  const source = new SourceFile(open);
  try {
    for (let position = firstPieceAt(layout.pieces, bytes.first); position < layout.pieces.length; position++) {
      const piece = layout.pieces[position];
      if (!piece || piece.at >= endBytes) return;
      const { fragment } = piece;
      // From here on offsets are those of the file.
      const end = Math.min(fragment.endOffset, fragment.offset + endBytes - piece.at);
      for (let offset = fragment.offset + Math.max(0, bytes.first - piece.at); offset < end; offset += chunkBytesMax)
        yield await source.read(piece, { offset, endOffset: Math.min(end, offset + chunkBytesMax) });
    }
  } finally {
    await source.close();
  }
}

/** The piece that holds a byte, or the one that comes after it. */
function firstPieceAt(pieces: readonly ClipPiece[], byte: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const piece = pieces[middle];
    if (piece && piece.at + piece.fragment.endOffset - piece.fragment.offset <= byte) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The recorded file that is read just now; only one is open. */
class SourceFile {
  private opened: { file: string; handle: FileHandle } | undefined;

  constructor(private readonly openFile: ReadOptions['open']) {}

  async read(piece: ClipPiece, part: { offset: number; endOffset: number }): Promise<Buffer> {
    const handle = await this.open(piece.source.file);
    const bytes = Buffer.allocUnsafe(part.endOffset - part.offset);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, part.offset);
    if (bytesRead < bytes.length) throw new AppError('not_found', 'a recording of this range is gone');
    for (const { bytes: changed, offset } of changesOf(piece)) overlay(bytes, { offset: offset - part.offset, changed });
    return bytes;
  }

  async close(): Promise<void> {
    await this.opened?.handle.close();
    this.opened = undefined;
  }

  private async open(file: string): Promise<FileHandle> {
    if (this.opened?.file === file) return this.opened.handle;
    await this.close();
    const handle = await this.openFile(file);
    this.opened = { file, handle };
    return handle;
  }
}

/** Writes what of `changed` lies inside of `bytes`; a range may begin or end in the middle of it. */
function overlay(bytes: Buffer, { changed, offset }: { changed: Buffer; offset: number }): void {
  const from = Math.max(0, -offset);
  const to = Math.min(changed.length, bytes.length - offset);
  if (from < to) changed.copy(bytes, offset + from, from, to);
}
