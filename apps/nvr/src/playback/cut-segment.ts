import { createReadStream, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { parseFragment } from '../recorder/parse-fragment.js';
import { parseInitSegment } from '../recorder/parse-init-segment.js';
import { readBox } from '../recorder/scan-segment.js';

/** One fragment of a recorded file: where it stands, and when it is shown, in ms since the file's begin. */
interface IndexedFragment {
  offset: number;
  endOffset: number;
  startMs: number;
  endMs: number;
  startsWithKeyFrame: boolean;
}

/** What was cut out. Times are ms since the begin of the file it was cut from. */
export interface CutSegment {
  startMs: number;
  endMs: number;
  /** When its last fragment begins. */
  lastFragmentMs: number;
}

/**
 * Copies of a recorded file the fragments that show a range of time, from the key frame at or before its begin.
 * @param options.sizeBytes as far as the file is synced; more of it is not looked at
 * @returns undefined when none of it is in the range
 * @throws the error of the disk, e.g. ENOENT
 */
export async function cutSegment(options: {
  source: string;
  target: string;
  sizeBytes: number;
  fromMs: number;
  toMs: number;
  signal: AbortSignal;
}): Promise<CutSegment | undefined> {
  const { fromMs, signal, sizeBytes, source, target, toMs } = options;
  const handle = await open(source, 'r');
  try {
    const { fragments, initBytes } = await indexFragments(handle, sizeBytes);
    const firstIndex = Math.max(
      0,
      fragments.findLastIndex(({ startMs, startsWithKeyFrame }) => startsWithKeyFrame && startMs <= fromMs),
    );
    const chosen = fragments.slice(firstIndex).filter(({ startMs }) => startMs < toMs);
    const [first, last] = [chosen[0], chosen.at(-1)];
    if (!first || !last || last.endMs <= fromMs) return undefined;
    for (const [start, end] of [[0, initBytes] as const, [first.offset, last.endOffset] as const]) {
      const part = createReadStream('', { fd: handle, start, end: end - 1, autoClose: false });
      await pipeline(part, createWriteStream(target, { flags: 'a', mode: 0o600 }), { signal });
    }
    return { startMs: first.startMs, endMs: last.endMs, lastFragmentMs: last.startMs };
  } finally {
    await handle.close();
  }
}

async function indexFragments(handle: FileHandle, sizeBytes: number): Promise<{ initBytes: number; fragments: IndexedFragment[] }> {
  const fragments: IndexedFragment[] = [];
  let initBytes = 0;
  let timescale = 1;
  let pending: Omit<IndexedFragment, 'endOffset'> | undefined;
  for (let offset = 0; ;) {
    const box = await readBox(handle, offset, sizeBytes);
    if (!box) return { initBytes, fragments };
    const endOffset = offset + box.sizeBytes;
    if (box.type === 'moov' && box.content) {
      timescale = parseInitSegment(box.content).timescale;
      initBytes = endOffset;
    }
    if (box.type === 'moof' && box.content) {
      const { durationTicks, startsWithKeyFrame, startTicks } = parseFragment(box.content);
      const msOf = (ticks: number) => (ticks * 1_000) / timescale;
      pending = { offset, startMs: msOf(startTicks), endMs: msOf(startTicks + durationTicks), startsWithKeyFrame };
    }
    if (box.type === 'mdat' && pending) {
      fragments.push({ ...pending, endOffset });
      pending = undefined;
    }
    offset = endOffset;
  }
}
