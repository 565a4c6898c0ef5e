import { execFile } from 'node:child_process';
import { appendFile, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findFfmpeg, probeFile, type FfmpegBinary } from '@nightjar/media';
import { makeTestVideo, until } from '@nightjar/testing';
import { segmentName, writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const run = promisify(execFile);
const t0Unix = Date.UTC(2026, 5, 1, 12) / 1_000;
const fileSeconds = 6;
const framesPerSecond = 15;

let nvr: TestNvr;
let ffmpeg: FfmpegBinary;
let directory: string;
let recorded: string;
/** The same, in a smaller picture. */
let smaller: string;
let yard: { id: number; uuid: string };
/** Other specs work on recordings in the common one. */
let ownTmp: string;
const { TMPDIR: commonTmp } = process.env;
beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  ownTmp = await mkdtemp(path.join(os.tmpdir(), 'nightjar-playback-tmp-'));
  process.env.TMPDIR = ownTmp;
  nvr = await startTestNvr();
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-playback-'));
  yard = await addCamera('yard', 1);
  const video = await makeTestVideo({ file: path.join(directory, 'source.mp4'), seconds: fileSeconds, cutsSeconds: [3] });
  recorded = await writeRecordedFile({ video, recordingsDir: directory, name: 'recorded.mp4' });
  const small = await makeTestVideo({ file: path.join(directory, 'small.mp4'), seconds: fileSeconds, width: 320, height: 180 });
  smaller = await writeRecordedFile({ video: small, recordingsDir: directory, name: 'smaller.mp4' });
  await record(0);
  await record(6);
  // After a gap of 10 s, a file that is still written: behind what is synced comes a torn fragment.
  await record(22, { open: true, tornEnd: true });
});
afterAll(async () => {
  await nvr.stop();
  if (commonTmp === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = commonTmp;
  await rm(ownTmp, { recursive: true });
});

async function addCamera(name: string, host: number): Promise<{ id: number; uuid: string }> {
  const answer = await nvr.fetch('/api/v1/cameras', post({ name, rtsp_url: `rtsp://10.0.0.${host}/1`, frames_name: name }));
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as { id: number; uuid: string };
}

function post(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** The same six seconds, so many seconds after t0. */
async function record(
  second: number,
  how: { open?: boolean; tornEnd?: boolean; content?: string; camera?: typeof yard } = {},
): Promise<void> {
  const { camera = yard, open = false, tornEnd = false, content = recorded } = how;
  const startsAtMs = (t0Unix + second) * 1_000;
  const file = segmentName(camera.uuid, startsAtMs);
  const target = path.join(nvr.config.recordingsDir, file);
  await mkdir(path.dirname(target), { recursive: true });
  await copyFile(content, target);
  const sizeBytes = (await stat(target)).size;
  if (tornEnd) await appendFile(target, Buffer.concat([Buffer.from([0, 0, 4, 0]), Buffer.from('moof'), Buffer.alloc(100, 3)]));
  const times = { startsAt: new Date(startsAtMs), endsAt: new Date(startsAtMs + fileSeconds * 1_000) };
  await nvr.database.segment.create({ data: { cameraId: camera.id, file, ...times, sizeBytes, videoCodec: 'h264', open } });
}

const clipPath = (from: number, to: number, camera = 'yard') =>
  `/api/v1/recordings/${camera}/clip.mp4?start_unix=${t0Unix + from}&end_unix=${t0Unix + to}`;

/** Decodes every frame; FFmpeg says nothing only when it is sound. */
async function play(answer: Response): Promise<{ frames: number; seconds: number; startsAt: number; endsAt: number }> {
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'video/mp4']);
  const file = path.join(directory, 'played.mp4');
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  const decoding = ['-v', 'error', '-i', file, '-vsync', 'passthrough', '-f', 'framemd5', '-'];
  const { stderr, stdout } = await run(ffmpeg.path, decoding);
  expect(stderr).toBe('');
  const { durationMs } = await probeFile({ ffmpeg, path: file });
  const second = (header: string) => Number(answer.headers.get(header)) - t0Unix;
  return {
    frames: stdout.split('\n').filter((line) => line.startsWith('0,')).length,
    seconds: durationMs / 1_000,
    startsAt: second('x-clip-start-unix'),
    endsAt: second('x-clip-end-unix'),
  };
}

async function ticketFor(from: number, to: number): Promise<string> {
  const answer = await nvr.fetch(
    '/api/v1/recordings/ticket',
    post({ camera_id: 'yard', start_unix: t0Unix + from, end_unix: t0Unix + to }),
  );
  return ((await answer.json()) as { ticket: string }).ticket;
}

const privateDirectories = async () => (await readdir(ownTmp)).filter((name) => name.startsWith('nightjar-play-'));

describe('a clip', () => {
  it('begins with the key frame before the wanted moment, goes over the edge of two files, and plays', async () => {
    const { endsAt, frames, seconds, startsAt } = await play(await nvr.fetch(clipPath(2.5, 9.5)));
    expect([startsAt, endsAt, frames]).toEqual([2, 10, 8 * framesPerSecond]);
    expect(Math.abs(seconds - 8)).toBeLessThan(0.15);
  });

  it('of whole files is all of them', async () => {
    const { frames, startsAt, endsAt } = await play(await nvr.fetch(clipPath(-100, 12)));
    expect([startsAt, endsAt, frames]).toEqual([0, 12, 12 * framesPerSecond]);
  });

  it('lasts through a gap as long as that was, and takes of a file that is still written what is whole', async () => {
    const { endsAt, frames, seconds, startsAt } = await play(await nvr.fetch(clipPath(10, 100)));
    expect([startsAt, endsAt, frames]).toEqual([10, 28, (2 + 6) * framesPerSecond]);
    expect(Math.abs(seconds - 18)).toBeLessThan(0.15);
  });

  it('of half a second inside of one file is the group that shows it', async () => {
    const { endsAt, frames, startsAt } = await play(await nvr.fetch(clipPath(4.2, 4.7)));
    expect([startsAt, endsAt, frames]).toEqual([4, 5, framesPerSecond]);
  });

  it.each([
    ['longer than an hour', () => clipPath(0, 3_601), 422],
    ['backwards', () => clipPath(5, 4), 422],
    ['of a time that was not recorded', () => clipPath(13, 21), 404],
    ['of a camera that nobody knows', () => clipPath(0, 5, 'nobody'), 404],
    ['of a camera named like a path', () => clipPath(0, 5, '..%2f..%2fetc'), 404],
  ])('is refused when it is %s', async (_what, pathname, status) => {
    expect((await nvr.fetch(pathname())).status).toBe(status);
  });

  it('is not made of two kinds of pictures', async () => {
    const shed = await addCamera('shed', 2);
    await record(0, { camera: shed });
    await record(6, { camera: shed, content: smaller });
    const answer = await nvr.fetch(clipPath(0, 12, 'shed'));
    const detail = expect.stringContaining('from h264 640x360 to h264 320x180 at 2026-06-01T12:00:06.000Z');
    expect([answer.status, await answer.json()]).toEqual([409, { detail }]);
    await play(await nvr.fetch(clipPath(0, 6, 'shed')));
  });

  it('of which a file is gone is not found', async () => {
    const barn = await addCamera('barn', 3);
    await record(0, { camera: barn });
    await rm(path.join(nvr.config.recordingsDir, segmentName(barn.uuid, t0Unix * 1_000)));
    expect((await nvr.fetch(clipPath(0, 6, 'barn'))).status).toBe(404);
  });

  it('opens to a ticket that covers all of it, and to no other', async () => {
    const ticket = await ticketFor(0, 6);
    const status = async (pathname: string) => (await fetch(`${nvr.url}${pathname}`)).status;
    expect([
      await status(`${clipPath(1, 5)}&ticket=${ticket}`),
      await status(`${clipPath(1, 7)}&ticket=${ticket}`),
      await status(`${clipPath(1, 5, 'shed')}&ticket=${ticket}`),
      await status(`${clipPath(1, 5)}&ticket=${ticket.split('.')[0]}.${'A'.repeat(43)}`),
      await status(clipPath(1, 5)),
    ]).toEqual([200, 404, 404, 401, 401]);
  });

  it('has a length and a name for its bytes: any range of it can be asked for, as often as wanted', async () => {
    const pathname = clipPath(2.5, 100);
    const ranged = (range: string, more: Record<string, string> = {}) => nvr.fetch(pathname, { headers: { range, ...more } });
    const whole = await nvr.fetch(pathname);
    const etag = whole.headers.get('etag') ?? '';
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect([whole.headers.get('accept-ranges'), Number(whole.headers.get('content-length'))]).toEqual(['bytes', bytes.length]);
    const head = await nvr.fetch(pathname, { method: 'HEAD' });
    expect([head.headers.get('etag'), head.headers.get('content-length')]).toEqual([etag, String(bytes.length)]);
    // Odd cuts go through the numbers that were changed in the fragments.
    const partBytes = 9_973;
    for (let first = 0; first < bytes.length; first += partBytes) {
      const last = Math.min(first + partBytes, bytes.length) - 1;
      const part = await ranged(`bytes=${first}-${last}`, { 'if-range': etag });
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes ${first}-${last}/${bytes.length}`]);
      expect(bytes.subarray(first, last + 1).equals(Buffer.from(await part.arrayBuffer()))).toBe(true);
    }
    const beyond = await ranged(`bytes=${bytes.length}-`);
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);
    expect((await ranged('bytes=0-9', { 'if-range': '"other"' })).status).toBe(200);
    expect((await nvr.fetch(clipPath(2.5, 9))).headers.get('etag')).not.toBe(etag);
  });

  it('is not sent again to who names its bytes; nor is a file', async () => {
    const { id } = await nvr.database.segment.findFirstOrThrow({ where: { cameraId: yard.id, open: false } });
    for (const pathname of [clipPath(2.5, 100), `/api/v1/recordings/files/${id}.mp4`]) {
      const etag = (await nvr.fetch(pathname, { method: 'HEAD' })).headers.get('etag') ?? '';
      const ask = async (headers: Record<string, string>, method = 'GET') => {
        const answer = await nvr.fetch(pathname, { method, headers });
        return [answer.status, answer.headers.get('etag'), (await answer.arrayBuffer()).byteLength > 0];
      };
      const unchanged = [304, etag, false];
      for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        expect([tags, await ask({ 'if-none-match': tags })]).toEqual([tags, unchanged]);
        expect([tags, await ask({ 'if-none-match': tags }, 'HEAD')]).toEqual([tags, unchanged]);
      }
      expect(await ask({ 'if-none-match': etag, range: 'bytes=0-9' })).toEqual(unchanged);
      expect(await ask({ 'if-none-match': '"other"' })).toEqual([200, etag, true]);
      expect(await ask({ 'if-none-match': '"other"', range: 'bytes=0-9' })).toEqual([206, etag, true]);
      expect(await ask({ 'if-range': `W/${etag}`, range: 'bytes=0-9' })).toEqual([200, etag, true]);
    }
  });

  it('lets a player seek in it without reading it all', async () => {
    const pathname = `${clipPath(0, 100)}&ticket=${await ticketFor(0, 100)}`;
    const seeking = ['-v', 'error', '-ss', '9', '-i', `${nvr.url}${pathname}`, '-frames:v', '1', '-f', 'framemd5', '-'];
    const { stderr, stdout } = await run(ffmpeg.path, seeking);
    const directly = await run(ffmpeg.path, ['-v', 'error', '-ss', '3', '-i', recorded, '-frames:v', '1', '-f', 'framemd5', '-']);
    const md5Of = (text: string) => text.trim().split(/,\s*/).at(-1);
    expect([stderr, md5Of(stdout)]).toEqual(['', md5Of(directly.stdout)]);
  });
});

describe('clips that nobody reads', () => {
  it('hold 64 places; the next is told to come again; the places are free when their readers are gone', async () => {
    const field = await addCamera('field', 4);
    for (let second = 0; second < 600; second += fileSeconds) await record(second, { camera: field });
    const agent = new http.Agent({ maxSockets: 100 });
    const readers = await Promise.all(
      Array.from(
        { length: 64 },
        () =>
          new Promise<http.IncomingMessage>((resolve, reject) => {
            const headers = { authorization: `Bearer ${nvr.token}` };
            http
              .get(`${nvr.url}${clipPath(0, 600, 'field')}`, { agent, headers }, (answer) => resolve(answer.pause()))
              .once('error', reject);
          }),
      ),
    );
    expect(new Set(readers.map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    const next = await nvr.fetch(clipPath(0, 5));
    expect([next.status, Number(next.headers.get('retry-after')) > 0, next.headers.get('content-type')]).toEqual([
      503,
      true,
      'application/json; charset=utf-8',
    ]);
    // A ticket that is good for one download is not used up by none.
    const wanted = { camera_id: 'yard', start: t0Unix, duration: 5 };
    const given = await nvr.fetch('/api/v1/recordings/export/ticket', post(wanted));
    const { download_url: download } = (await given.json()) as { download_url: string };
    const withTicket = async () => {
      const answer = await fetch(`${nvr.url}${download}`);
      await answer.arrayBuffer();
      return answer.status;
    };
    expect([await withTicket(), await withTicket()]).toEqual([503, 503]);
    for (const reader of readers) reader.once('error', () => undefined).destroy();
    const beginning = async () => (await nvr.fetch(clipPath(0, 5), { headers: { range: 'bytes=0-1' } })).status;
    await until(async () => (await Promise.all(Array.from({ length: 8 }, beginning))).every((status) => status === 206));
    await play(await nvr.fetch(clipPath(0, 5)));
    expect([await withTicket(), await withTicket()]).toEqual([200, 403]);
    agent.destroy();
  });
});

describe('a picture', () => {
  /** Brightness of 8 × 8 fields of a picture or of a moment of a video. */
  async function fields(input: string[]): Promise<Buffer> {
    const output = ['-frames:v', '1', '-vf', 'scale=8:8,format=gray', '-f', 'rawvideo', '-'];
    const { stdout } = await run(ffmpeg.path, ['-v', 'error', ...input, ...output], { encoding: 'buffer' });
    return stdout;
  }

  const difference = (one: Buffer, other: Buffer) => Math.max(...one.map((value, index) => Math.abs(value - (other[index] ?? 0))));

  async function pictureAt(second: number): Promise<Buffer> {
    const answer = await nvr.fetch(`/api/v1/recordings/yard/frame.jpg?at_unix=${t0Unix + second}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    const file = path.join(directory, 'picture.jpg');
    await writeFile(file, Buffer.from(await answer.arrayBuffer()));
    return fields(['-i', file]);
  }

  it('is the one that was shown at that moment', async () => {
    // Of the six seconds, as recorded: the last frame that begins at or before the moment.
    const shownAt = (second: number) => {
      const frame = Math.floor(second * framesPerSecond + 0.01);
      return fields(['-ss', String(Math.max(0, (frame - 0.2) / framesPerSecond)), '-i', recorded]);
    };
    expect(difference(await shownAt(2.9), await shownAt(3.1))).toBeGreaterThan(40);
    for (const [second, inFile] of [
      [0, 0],
      [2.95, 2.95],
      [3.01, 3.01],
      [5.999, 5.999],
      [8.9, 2.9],
      [27.9, 5.9],
    ] as const)
      expect([second, difference(await pictureAt(second), await shownAt(inFile)) < 12]).toEqual([second, true]);
  });

  it('is not found in a gap, and its place is free afterwards', async () => {
    for (let round = 0; round < 5; round++)
      expect((await nvr.fetch(`/api/v1/recordings/yard/frame.jpg?at_unix=${t0Unix + 15}`)).status).toBe(404);
    expect((await nvr.fetch('/api/v1/recordings/yard/frame.jpg?at_unix=now')).status).toBe(422);
    await until(async () => (await privateDirectories()).length === 0);
  });

  it('opens to a ticket of its moment', async () => {
    const ticket = await ticketFor(0, 6);
    const status = async (second: number) =>
      (await fetch(`${nvr.url}/api/v1/recordings/yard/frame.jpg?at_unix=${t0Unix + second}&ticket=${ticket}`)).status;
    expect([await status(1), await status(7)]).toEqual([200, 404]);
  });
});

describe('a snapshot of a camera that nobody analyses', () => {
  const secondsAgo = (seconds: number) => Math.floor(Date.now() / 1_000) - t0Unix - seconds;

  it('is the newest picture of its recording, and none when that is older than 30 s', async () => {
    const gate = await addCamera('gate', 72);
    const snapshot = () => nvr.fetch(`/api/v1/cameras/${gate.id}/snapshot`);
    expect((await snapshot()).status).toBe(503);
    await record(secondsAgo(60), { camera: gate });
    const former = await snapshot();
    expect([former.status, await former.json()]).toMatchObject([503, { detail: expect.stringContaining('no current picture') }]);

    const door = await addCamera('door', 73);
    const newest = secondsAgo(10);
    await record(newest, { camera: door });
    const answer = await nvr.fetch(`/api/v1/cameras/${door.id}/snapshot`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(Date.parse(answer.headers.get('last-modified') ?? '') / 1_000).toBe(t0Unix + newest + fileSeconds - 1);
    const picture = path.join(directory, 'snapshot.jpg');
    await writeFile(picture, Buffer.from(await answer.arrayBuffer()));
    const wanted = await nvr.fetch(`/api/v1/recordings/${door.id}/frame.jpg?at_unix=${t0Unix + newest + fileSeconds - 0.001}`);
    expect((await readFile(picture)).equals(Buffer.from(await wanted.arrayBuffer()))).toBe(true);
  });

  it('is made once for all who ask within two seconds', async () => {
    const yardNow = await addCamera('now', 74);
    await record(secondsAgo(10), { camera: yardNow });
    const answers = await Promise.all(Array.from({ length: 12 }, () => nvr.fetch(`/api/v1/cameras/${yardNow.id}/snapshot`)));
    // Four at once is all that may be made: twelve of their own would not fit.
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  });

  it('is what viewers of its pictures get', async () => {
    const stable = await addCamera('stable', 75);
    expect((await nvr.fetch(`/api/v1/cameras/${stable.id}/live.mjpeg`)).status).toBe(503);
    await record(secondsAgo(10), { camera: stable });
    const leaving = new AbortController();
    const watch = () => nvr.fetch(`/api/v1/cameras/${stable.id}/live.mjpeg`, { signal: leaving.signal });
    let answer = await watch();
    // That there is none is known for two seconds.
    await until(async () => answer.ok || (answer = await watch()).ok);
    expect(answer.headers.get('content-type')).toContain('multipart/x-mixed-replace');
    const { value } = await answer.body!.getReader().read();
    expect(Buffer.from(value!).toString('latin1')).toContain('Content-Type: image/jpeg');
    leaving.abort();
  });
});
