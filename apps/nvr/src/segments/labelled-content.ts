import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { readBoxHeader } from '../mp4/mp4-boxes.js';
import { labelForPlayers } from '../mp4/parse-init-segment.js';
import type { ByteRange } from './parse-range-header.js';

/** The begin of a recorded file (`ftyp` and `moov`) is shorter. */
const headBytesMax = 16 * 1024;

/**
 * The bytes of a recorded file as players take them: H.265 that was recorded as `hev1` goes out as `hvc1`, of the same length. Closes the
 * handle at its end.
 * @throws AppError `unprocessable` when the file is no recording
 */
export async function labelledContent(handle: FileHandle, bytes: ByteRange): Promise<Readable> {
  try {
    const head = bytes.first < headBytesMax ? await labelledHead(handle) : Buffer.alloc(0);
    const content = handle.createReadStream({ start: bytes.first, end: bytes.last, autoClose: true });
    if (bytes.first >= head.length) return content;
    const labelled = Readable.from(withHead(content, bytes.first, head), { objectMode: false });
    // Also where nobody has begun to read it.
    return labelled.once('close', () => content.destroy());
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Empty where the begin is as it should be. @throws AppError `unprocessable` when it is none of ours */
async function labelledHead(handle: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytesMax), 0, headBytesMax, 0);
  const head = buffer.subarray(0, bytesRead);
  const first = readBoxHeader(head);
  const second = first && readBoxHeader(head, first.sizeBytes);
  if (!first || second?.type !== 'moov') return Buffer.alloc(0);
  const end = first.sizeBytes + second.sizeBytes;
  const moov = { type: 'moov', bytes: head.subarray(first.sizeBytes, end) };
  if (end > head.length) return Buffer.alloc(0);
  const labelled = labelForPlayers(moov);
  return labelled === moov ? Buffer.alloc(0) : Buffer.concat([head.subarray(0, first.sizeBytes), labelled.bytes]);
}

/** What of a file's content, read from `offset` on, is its head is replaced. */
async function* withHead(content: AsyncIterable<Buffer>, offset: number, head: Buffer): AsyncGenerator<Buffer, void, undefined> {
  let at = offset;
  for await (const chunk of content) {
    if (at < head.length) head.copy(chunk, 0, at, at + chunk.length);
    at += chunk.length;
    yield chunk;
  }
}
