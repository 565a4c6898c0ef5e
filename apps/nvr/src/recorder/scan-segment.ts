import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '@nightjar/runtime';
import { readBoxHeader, type Mp4Box } from './mp4-boxes.js';
import { parseFragment } from './parse-fragment.js';
import { parseInitSegment, type VideoTrack } from './parse-init-segment.js';

/** What of a recorded file is whole. */
export interface ScannedSegment {
  /** Up to the end of the last whole fragment. */
  wholeBytes: number;
  fileBytes: number;
  durationMs: number;
  codec: string;
}

/**
 * Finds the whole fragments of a file that may have been cut off anywhere. After a power cut the end of a file may be there in
 * length but empty: a fragment counts only if its last byte is not zero, which that of a video frame never is.
 * @param syncedBytes up to here the file was written for certain
 * @returns undefined when there is not a single whole fragment
 */
export async function scanSegment(file: string, syncedBytes: number): Promise<ScannedSegment | undefined> {
  const handle = await open(file, 'r');
  try {
    const { size: fileBytes } = await handle.stat();
    return await scan(handle, { fileBytes, syncedBytes });
  } finally {
    await handle.close();
  }
}

async function scan(handle: FileHandle, sizes: { fileBytes: number; syncedBytes: number }): Promise<ScannedSegment | undefined> {
  let track: VideoTrack | undefined;
  let endTicks = 0;
  let pendingEndTicks = 0;
  let wholeBytes = 0;
  for (let offset = 0; ;) {
    const box = await readBox(handle, offset, sizes.fileBytes);
    if (!box) break;
    offset += box.sizeBytes;
    if (box.type === 'moov' && box.content) track = parseOrStop(parseInitSegment, box.content);
    if (box.type === 'moof' && box.content) {
      const times = parseOrStop(parseFragment, box.content);
      if (!times) break;
      pendingEndTicks = times.startTicks + times.durationTicks;
    }
    if (box.type !== 'mdat') continue;
    if (offset > sizes.syncedBytes && (await isZero(handle, offset - 1))) break;
    endTicks = pendingEndTicks;
    wholeBytes = offset;
  }
  return track && wholeBytes > 0
    ? { wholeBytes, fileBytes: sizes.fileBytes, durationMs: Math.round((endTicks * 1_000) / track.timescale), codec: track.codec }
    : undefined;
}

/** Header of a whole box, and its bytes unless they are media; undefined at the end of what is whole. */
export async function readBox(
  handle: FileHandle,
  offset: number,
  fileBytes: number,
): Promise<{ type: string; sizeBytes: number; content: Mp4Box | undefined } | undefined> {
  const head = Buffer.alloc(8);
  if ((await handle.read(head, 0, 8, offset)).bytesRead < 8) return undefined;
  const header = parseOrStop(readBoxHeader, head);
  if (!header || offset + header.sizeBytes > fileBytes) return undefined;
  if (header.type === 'mdat') return { ...header, content: undefined };
  const bytes = Buffer.alloc(header.sizeBytes);
  await handle.read(bytes, 0, bytes.length, offset);
  return { ...header, content: { type: header.type, bytes } };
}

async function isZero(handle: FileHandle, offset: number): Promise<boolean> {
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, offset);
  return last[0] === 0;
}

/** What does not parse ends the scan: it is the torn end of the file. */
function parseOrStop<Input, Output>(parse: (input: Input) => Output, input: Input): Output | undefined {
  try {
    return parse(input);
  } catch (error) {
    if (error instanceof AppError && error.code === 'unprocessable') return undefined;
    throw error;
  }
}
