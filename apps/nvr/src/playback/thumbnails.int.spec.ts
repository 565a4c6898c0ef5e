import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTestVideo, requireFfmpeg } from '@nightjar/testing';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { addCamera, addRecording, addViewer } from './recorded-time.fixture.js';

const run = promisify(execFile);
const t0Unix = Date.UTC(2026, 5, 1, 12) / 1_000;
const fileSeconds = 6;

let nvr: TestNvr;
let ffmpegPath: string;
let directory: string;
let recorded: string;
beforeAll(async () => {
  [nvr, ffmpegPath, directory] = await Promise.all([startTestNvr(), requireFfmpeg(), mkdtemp(path.join(os.tmpdir(), 'nightjar-thumbs-'))]);
  const video = await makeTestVideo({ file: path.join(directory, 'source.mp4'), seconds: fileSeconds, cutsSeconds: [3] });
  recorded = await writeRecordedFile({ video, recordingsDir: directory, name: 'recorded.mp4' });
  const yard = await addCamera(nvr, 'yard', 1);
  for (const second of [0, 6, 22])
    await addRecording(nvr, { camera: yard, content: recorded, startsAtMs: (t0Unix + second) * 1_000, durationMs: fileSeconds * 1_000 });
});
afterAll(async () => {
  await nvr.stop();
  await rm(directory, { recursive: true });
});

const query = (from: number, to: number, count: number) => `camera_id=yard&start=${t0Unix + from}&end=${t0Unix + to}&count=${count}`;

interface Thumbnails {
  tile_width: number;
  tile_height: number;
  columns: number;
  rows: number;
  sprite_url: string;
  thumbnails: { time: string; x: number; y: number }[];
}

async function list(from: number, to: number, count: number): Promise<Thumbnails> {
  const answer = await nvr.fetch(`/api/v1/recordings/thumbnails?${query(from, to, count)}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Thumbnails;
}

/** Brightness of 8 × 8 fields. */
async function fields(input: string[], crop = ''): Promise<Buffer> {
  const output = ['-frames:v', '1', '-vf', `${crop}scale=8:8,format=gray`, '-f', 'rawvideo', '-'];
  return (await run(ffmpegPath, ['-v', 'error', ...input, ...output], { encoding: 'buffer' })).stdout;
}

const difference = (one: Buffer, other: Buffer) => Math.max(...one.map((value, index) => Math.abs(value - (other[index] ?? 0))));

describe('thumbnails of a range', () => {
  it('are the key frames of its moments, without those that were not recorded, in one picture', async () => {
    const { columns, rows, sprite_url, thumbnails, tile_height, tile_width } = await list(0, 28, 14);
    expect([columns, rows, tile_width, tile_height]).toEqual([9, 1, 160, 90]);
    const secondOf = (time: string) => Date.parse(time) / 1_000 - t0Unix;
    expect(thumbnails.map(({ time }) => secondOf(time))).toEqual([1, 3, 5, 7, 9, 11, 23, 25, 27]);
    const answer = await nvr.fetch(sprite_url);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      'image/jpeg',
      'no-store',
    ]);
    const file = path.join(directory, 'sprite.jpg');
    await writeFile(file, Buffer.from(await answer.arrayBuffer()));
    // Before and after the cut; small pictures differ a little from large ones.
    const [before, after] = [await fields(['-ss', '1', '-i', recorded]), await fields(['-ss', '5', '-i', recorded])];
    expect(difference(before, after)).toBeGreaterThan(60);
    for (const { time, x, y } of thumbnails) {
      const tile = await fields(['-i', file], `crop=${tile_width}:${tile_height}:${x}:${y},`);
      const inFile = (secondOf(time) >= 22 ? secondOf(time) - 22 : secondOf(time)) % fileSeconds;
      const wanted = await fields(['-ss', String(inFile), '-i', recorded]);
      expect([time, difference(tile, wanted) < 30]).toEqual([time, true]);
    }
  });

  it('show each key frame once, and are kept: who asks again gets the same without FFmpeg', async () => {
    const { sprite_url, thumbnails } = await list(0, 3, 30);
    expect(thumbnails).toHaveLength(3);
    const read = async () => Buffer.from(await (await nvr.fetch(sprite_url)).arrayBuffer());
    const [first, second] = await Promise.all([read(), read()]);
    expect(first.equals(second)).toBe(true);
    const { uuid } = await nvr.database.camera.findFirstOrThrow({ where: { framesName: 'yard' } });
    const kept = path.join(nvr.config.thumbnailsDir, uuid);
    const names = (await readdir(kept)).filter((file) => !file.startsWith('.'));
    await Promise.all(names.map((file) => writeFile(path.join(kept, file), 'kept')));
    expect([names[0]?.endsWith('.jpg'), (await read()).toString()]).toEqual([true, 'kept']);
  });

  it.each([
    ['more than a hundred', () => query(0, 28, 101), 422],
    ['of more than a day', () => query(0, 86_401, 10), 422],
    ['of a time that was not recorded', () => query(13, 21, 3), 404],
  ])('are refused when they are %s', async (_what, text, status) => {
    for (const route of ['thumbnails', 'thumbnails/sprite.jpg'])
      expect((await nvr.fetch(`/api/v1/recordings/${route}?${text()}`)).status).toBe(status);
  });

  it('are nothing for who may not see the camera, also when they were made for another', async () => {
    const token = await addViewer(nvr, { username: 'vera', cameras: [] });
    const { sprite_url } = await list(0, 28, 14);
    for (const pathname of [sprite_url, `/api/v1/recordings/thumbnails?${query(0, 28, 14)}`])
      expect((await fetch(`${nvr.url}${pathname}`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(404);
  });
});
