import { open, type FileHandle } from 'node:fs/promises';
import { AppError } from '@nightjar/runtime';
import { readBoxHeader, type Mp4Box } from '../mp4/mp4-boxes.js';
import { parseFragment } from '../mp4/parse-fragment.js';
import { parseInitSegment, type VideoTrack } from '../mp4/parse-init-segment.js';

/** What of a recorded file is whole. */
export interface ScannedSegment {
  /** Up to the end of the last whole fragment. */
  wholeBytes: number;
  fileBytes: number;
  durationMs: number;
  codec: string;
}

/** `torn`: there is a fragment, of which the end may never have been written; undefined: there is none. */
type Scan = ScannedSegment | 'torn' | undefined;

/** What a disk writes at once, or not at all. */
const sectorBytes = 512;
const readBytes = 64 * 1024;

/**
 * Finds the whole fragments of a file that may have been cut off anywhere. After a power cut the end of a file may be there in
 * length but empty: it reads as zeros then, from the begin of a sector to the end of the file.
 * @param syncedBytes up to here the file was written for certain
 */
export async function scanSegment(file: string, syncedBytes: number): Promise<Scan> {
  const handle = await open(file, 'r');
  try {
    const { size: fileBytes } = await handle.stat();
    return await scan(handle, { fileBytes, syncedBytes });
  } finally {
    await handle.close();
  }
}

async function scan(handle: FileHandle, sizes: { fileBytes: number; syncedBytes: number }): Promise<Scan> {
  let track: VideoTrack | undefined;
  let endTicks = 0;
  let pendingEndTicks: number | undefined;
  let wholeBytes = 0;
  let isTorn = false;
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
    isTorn = offset > sizes.syncedBytes && (await mayBeUnwritten(handle, { endOffset: offset, fileBytes: sizes.fileBytes }));
    if (isTorn) break;
    endTicks = pendingEndTicks ?? 0;
    wholeBytes = offset;
  }
  if (!track) return undefined;
  if (wholeBytes === 0) return isTorn && pendingEndTicks !== undefined ? 'torn' : undefined;
  return { wholeBytes, fileBytes: sizes.fileBytes, durationMs: Math.round((endTicks * 1_000) / track.timescale), codec: track.codec };
}

/**
 * Whether the end of a fragment may be missing. A zero at its end is no sign of that: cameras pad their pictures with some
 * (H.264's `trailing_zero_8bits`). Zeros from the begin of its last sector on are one, unless something stands behind them.
 */
async function mayBeUnwritten(handle: FileHandle, at: { endOffset: number; fileBytes: number }): Promise<boolean> {
  const lastSector = Math.floor((at.endOffset - 1) / sectorBytes) * sectorBytes;
  return (await isZero(handle, { from: lastSector, to: at.endOffset })) && (await isZero(handle, { from: at.endOffset, to: at.fileBytes }));
}

/** Header of a whole box, and its bytes unless they are media; undefined at the end of what is whole. */
async function readBox(
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

async function isZero(handle: FileHandle, range: { from: number; to: number }): Promise<boolean> {
  const bytes = Buffer.alloc(Math.min(readBytes, range.to - range.from));
  for (let from = range.from; from < range.to;) {
    const { bytesRead } = await handle.read(bytes, 0, Math.min(bytes.length, range.to - from), from);
    if (bytesRead === 0) break;
    if (bytes.subarray(0, bytesRead).some((byte) => byte !== 0)) return false;
    from += bytesRead;
  }
  return true;
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
