import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireFfmpeg } from '@nightjar/testing';
import { indexSegment } from '../playback/index-segment.js';
import { labelledContent } from '../segments/labelled-content.js';
import { PictureChanges } from './picture-changes.js';
import { readFragments, type StreamPart } from './read-fragments.js';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';

const run = promisify(execFile);
let root: string;
/** As FFmpeg writes it. */
let recorded: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-hevc-'));
  recorded = await record('yard', '160x120');
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function record(name: string, size: string): Promise<string> {
  const video = path.join(root, `${name}.h265`);
  const source = ['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=10`, '-t', '3'];
  // Parameter sets in front of each key frame, as cameras send them.
  const encoder = ['-c:v', 'libx265', '-x265-params', 'keyint=10:min-keyint=10:repeat-headers=1:bframes=0:log-level=error'];
  await run(await requireFfmpeg(), ['-v', 'error', '-y', ...source, ...encoder, video]);
  return writeRecordedFile({ video, recordingsDir: root, name: `${name}.mp4` });
}

async function partsOf(file: string): Promise<StreamPart[]> {
  const parts: StreamPart[] = [];
  for await (const part of readFragments(createReadStream(file))) parts.push(part);
  return parts;
}

const labelsIn = (bytes: Buffer) => ['hev1', 'hvc1'].filter((label) => bytes.includes(label));

describe('recordings of H.265', () => {
  it('get the label that all players take, whatever FFmpeg writes, and play with it', async () => {
    expect(labelsIn(await readFile(recorded))).toEqual(['hev1']);
    const parts = await partsOf(recorded);
    const bytes = Buffer.concat(parts.flatMap((part) => (part.kind === 'init' ? part.bytes : part.fragment.piecesFrom(0))));
    expect([labelsIn(bytes), parts[0]]).toEqual([['hvc1'], expect.objectContaining({ track: { timescale: 1_200_000, codec: 'hevc' } })]);
    const file = path.join(root, 'written.mp4');
    await writeFile(file, bytes);
    expect((await run(await requireFfmpeg(), ['-v', 'error', '-i', file, '-f', 'null', '-'])).stderr).toBe('');
  });

  it('of before get it when they are played', async () => {
    const handle = await open(recorded);
    try {
      expect(labelsIn((await indexSegment(handle, (await stat(recorded)).size)).init)).toEqual(['hvc1']);
    } finally {
      await handle.close();
    }
  });

  it('of before get it when their file is sent, in whatever ranges', async () => {
    const stored = await readFile(recorded);
    const expected = Buffer.from(stored.toString('latin1').replace('hev1', 'hvc1'), 'latin1');
    const labelAt = expected.indexOf('hvc1');
    for (const edge of [0, labelAt + 2, labelAt + 4, expected.length - 1]) {
      const sent: Buffer[] = [];
      for (const [first, last] of [
        [0, edge - 1],
        [edge, expected.length - 1],
      ] as const) {
        if (last < first) continue;
        for await (const chunk of await labelledContent(await open(recorded), { first, last })) sent.push(chunk as Buffer);
      }
      expect(Buffer.concat(sent).equals(expected)).toBe(true);
    }
  });

  it('have their pictures described anew where the parameter sets are others, and only there', async () => {
    const [init, ...own] = await partsOf(recorded);
    const others = await partsOf(await record('other', '320x240'));
    if (init?.kind !== 'init') throw new Error('no begin');
    const changes = new PictureChanges(init.bytes, init.track.codec);
    const areNew = (parts: readonly StreamPart[]) => parts.flatMap((part) => (part.kind === 'init' ? [] : changes.isNew(part.fragment)));
    expect(new Set(areNew(own))).toEqual(new Set([false]));
    expect(areNew(others)[0]).toBe(true);
    expect(new Set(areNew(own))).toEqual(new Set([false]));
  });
});
