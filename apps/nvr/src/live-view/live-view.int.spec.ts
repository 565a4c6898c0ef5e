import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FfmpegProcess, findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { makeTestVideo, startTestCamera, until } from '@nightjar/testing';
import { WebSocket } from 'ws';
import { startRecorder } from '../recorder-process.fixture.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let ffmpeg: FfmpegBinary;
let yard: Awaited<ReturnType<typeof startTestCamera>>;
let watched: Awaited<ReturnType<typeof startTestCamera>>;
/** Not recorded either, and sends over UDP alone. */
let remote: Awaited<ReturnType<typeof startTestCamera>>;
let recorder: ChildProcess;
/** May see the yard, and nothing else. */
let viewer: { id: number; token: string };
/** Ends what has been started, also where the rest could not be. */
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-live-view-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  // One clip for all: making it is what takes time.
  const clip = await makeTestVideo({ file: path.join(directory, 'clip.mp4'), seconds: 4, cutsSeconds: [2] });
  [yard, watched, remote] = await Promise.all([
    startTestCamera({ clip }),
    startTestCamera({ clip }),
    startTestCamera({ clip, transports: 'udp' }),
  ]);
  for (const device of [yard, watched, remote]) closers.push(() => device.close());
  nvr = await startTestNvr({ cameraNetworks: ['127.0.0.0/8'] });
  closers.push(() => nvr.stop());
  for (const [name, { url }] of Object.entries({ yard, watched, remote }))
    await post('/api/v1/cameras', { name, rtsp_url: url, frames_name: name, recording_enabled: name === 'yard' });
  const { id } = (await (await post('/api/v1/users', { username: 'viewer', password: adminPassword })).json()) as { id: number };
  await nvr.database.cameraGrant.create({ data: { userId: id, cameraId: 1 } });
  viewer = { id, token: await logIn(nvr.url, { username: 'viewer', password: adminPassword }) };
  recorder = await startRecorder(nvr);
  closers.push(async () => {
    if (recorder.kill('SIGTERM')) await once(recorder, 'exit');
  });
  await until(() => yard.sessionCount > 0);
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function post(route: string, body: unknown): Promise<Response> {
  const answer = await nvr.fetch(route, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

type Told = { event: string; mime?: string; duration_ms?: number; session?: number; start_unix_ms?: number };

/** One viewer of a camera on a WebSocket. */
class Watching {
  static readonly open: Watching[] = [];
  readonly told: Told[] = [];
  readonly media: Buffer[] = [];
  closedWith: number | undefined;
  refused: number | undefined;

  constructor(readonly socket: WebSocket) {
    Watching.open.push(this);
    socket.on('message', (data: Buffer, isBinary) =>
      isBinary ? this.media.push(data) : this.told.push(JSON.parse(data.toString('utf8')) as Told),
    );
    socket.on('close', (code) => (this.closedWith = code));
    socket.on('unexpected-response', (request, response) => {
      this.refused = response.statusCode;
      request.destroy();
    });
    socket.on('error', () => undefined);
  }
}

function watch(reference: string, headers: Record<string, string> = { authorization: `Bearer ${nvr.token}` }, query = ''): Watching {
  return new Watching(new WebSocket(`${nvr.url.replace('http', 'ws')}/api/v1/cameras/${reference}/live${query}`, { headers }));
}

afterEach(() => {
  for (const { socket } of Watching.open.splice(0)) socket.terminate();
});

/** Pictures that FFmpeg can decode, with what it says of them. */
async function countFrames(input: string[]): Promise<{ frames: number; said: string }> {
  const process = FfmpegProcess.start({ ffmpeg, arguments: [...input, '-f', 'rawvideo', '-vf', 'scale=16:16,format=gray', 'pipe:1'] });
  let bytes = 0;
  for await (const chunk of process.pipes[0] ?? []) bytes += (chunk as Buffer).length;
  return { frames: bytes / 256, said: (await process.exited).stderrTail };
}

/** What a viewer got, as a file. */
async function decode(viewer: { media: readonly Buffer[] } | undefined): Promise<{ frames: number; said: string }> {
  const file = path.join(nvr.config.recordingsDir, 'seen.mp4');
  await writeFile(file, Buffer.concat(viewer?.media ?? []));
  return countFrames(['-i', file]);
}

/** Of a fragment: its `tfdt`, of version 1. */
function startTicksOf(fragment: Buffer): number {
  const at = fragment.indexOf('tfdt');
  return at < 0 ? Number.NaN : Number(fragment.readBigUInt64BE(at + 8));
}

const fetchAs = (token: string, route: string) => fetch(`${nvr.url}${route}`, { headers: { authorization: `Bearer ${token}` } });
const live = (file: string, reference = 'yard') => `/api/v1/cameras/${reference}/live/${file}`;

describe('a live view', () => {
  it('of a camera that is recorded begins with its last key frame at once, and costs no connection more for any viewer', async () => {
    await until(async () => (await nvr.database.segment.count()) > 0);
    const first = watch('yard');
    const second = watch('yard');
    await until(() => second.media.length >= 9 && first.media.length >= 9);
    expect(first.told).toEqual([...first.told.filter(({ event }) => event === 'waiting'), expect.objectContaining({ event: 'begin' })]);
    expect(first.told.at(-1)?.mime).toMatch(/^video\/mp4; codecs="avc1\.[0-9a-f]{6}"$/);
    expect(yard.sessionCount).toBe(1);
    const { frames, said } = await decode(second);
    expect(said).toBe('');
    expect(frames).toBeGreaterThan(20);
    // A key frame comes each second. One that was there before somebody asked was not waited for, however long this machine took to send it;
    // for every other one who asks, the last one is older than half of that.
    await until(async () => {
      const askedAtMs = Date.now();
      const viewer = watch('yard');
      await until(() => viewer.media.length >= 2);
      return (viewer.told.at(-1)?.start_unix_ms ?? askedAtMs) < askedAtMs - 500;
    });
    expect(yard.sessionCount).toBe(1);
  });

  it('of a camera that is not recorded connects to it, once, and begins with its key frame alone', async () => {
    expect(watched.sessionCount).toBe(0);
    const viewers = [watch('watched'), watch('watched')];
    await until(() => viewers.every(({ media }) => media.length >= 9));
    expect(watched.sessionCount).toBe(1);
    const [first] = viewers;
    expect(first?.told.at(-1)?.mime).toMatch(/^video\/mp4; codecs="avc1\.[0-9a-f]{6}"$/);
    const { frames, said } = await decode(first);
    expect(said).toBe('');
    expect(frames).toBeGreaterThan(20);
    // Only the begin of the stream is cut so short; who was given no time for a second begins with a later key frame, and what follows it.
    const [begin = Buffer.alloc(0), part = Buffer.alloc(0)] = first?.media ?? [];
    const { frames: framesOfPart } = await decode({ media: [begin, part] });
    expect(framesOfPart).toBeGreaterThan(0);
    expect(startTicksOf(part) > 0 || framesOfPart === 1).toBe(true);
  });

  it('of one that is not recorded, and that only FFmpeg can read, goes through FFmpeg', async () => {
    const viewer = watch('remote');
    await until(() => viewer.media.length >= 9);
    const { frames, said } = await decode(viewer);
    expect(said).toBe('');
    expect(frames).toBeGreaterThan(20);
  });
});

describe('live HLS', () => {
  const ticketUrl = async () => ((await (await post('/api/v1/cameras/yard/live/ticket', {})).json()) as { url: string }).url;

  it('plays in a player that knows nothing of parts, without an error, and with all its pictures', async () => {
    const url = `${nvr.url}${await ticketUrl()}`;
    const { frames, said } = await countFrames(['-live_start_index', '0', '-i', url, '-frames:v', '45']);
    expect(said).toBe('');
    expect(frames).toBe(45);
  });

  it('lists parts, and answers the question for one that is still to come when it is there', async () => {
    let text = '';
    let bytes = Buffer.alloc(0);
    // A segment may end before the part that was hinted at, and where this machine had no time for seconds it is listed no more: then the
    // next one is asked for.
    await until(async () => {
      const first = await (await nvr.fetch(live('index.m3u8'))).text();
      const hint = /PRELOAD-HINT:TYPE=PART,URI="(part-(\d+)-(\d+)\.m4s)"/.exec(first);
      const [, name = '', segment, part] = hint ?? [];
      [text, bytes] = await Promise.all([
        nvr.fetch(live(`index.m3u8?_HLS_msn=${segment}&_HLS_part=${part}`)).then((answer) => answer.text()),
        nvr.fetch(live(name)).then(async (answer) => Buffer.from(await answer.arrayBuffer())),
      ]);
      return new RegExp(`^#EXT-X-PART:DURATION=[\\d.]+,URI="${name}"`, 'm').test(text);
    });
    expect(bytes.toString('latin1', 4, 8)).toBe('moof');
    expect(text).toMatch(/^#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=/);
    const parts = [...text.matchAll(/#EXT-X-PART:DURATION=([\d.]+)/g)].map(([, seconds]) => Number(seconds));
    const target = Number(/PART-TARGET=([\d.]+)/.exec(text)?.[1]);
    expect(Math.max(...parts)).toBeLessThanOrEqual(target);
    expect(target).toBeLessThan(0.5);
  });

  it('refuses what is far ahead, long gone, or no name of the playlist', async () => {
    const playlist = await (await nvr.fetch(live('index.m3u8'))).text();
    const newest = Number(/part-(\d+)-\d+\.m4s"\n$/.exec(playlist)?.[1]);
    const statusOf = async (file: string) => (await nvr.fetch(live(file))).status;
    expect(await statusOf(`index.m3u8?_HLS_msn=${newest + 50}`)).toBe(400);
    expect(await statusOf('index.m3u8?_HLS_part=1')).toBe(422);
    for (const file of ['segment-1.m4s', 'part-1-0.m4s', 'init-1.mp4', 'index.m3u', '..%2findex.m3u8', 'segment-01.m4s', 'ticket'])
      expect([file, await statusOf(file)]).toEqual([file, 404]);
  });

  it('with a ticket is for its camera, and ends with the right of who asked for it', async () => {
    const answer = await fetch(`${nvr.url}/api/v1/cameras/1/live/ticket`, {
      method: 'POST',
      headers: { authorization: `Bearer ${viewer.token}` },
    });
    const { ticket, url } = (await answer.json()) as { ticket: string; url: string };
    const playlist = await fetch(`${nvr.url}${url}`);
    expect([playlist.status, playlist.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
    const [init] = /init-\d+\.mp4\?ticket=[^"]+/.exec(await playlist.text()) ?? [];
    expect((await fetch(`${nvr.url}/api/v1/cameras/1/live/${init}`)).status).toBe(200);
    expect((await fetch(`${nvr.url}/api/v1/cameras/2/live/index.m3u8?ticket=${ticket}`)).status).toBe(401);
    expect((await fetch(`${nvr.url}${url}x`)).status).toBe(401);
    expect((await fetch(`${nvr.url}/api/v1/cameras/1?ticket=${ticket}`)).status).toBe(401);
    await nvr.database.cameraGrant.deleteMany({ where: { userId: viewer.id } });
    for (const route of [url, `/api/v1/cameras/1/live/${init}`]) expect((await fetch(`${nvr.url}${route}`)).status).toBe(404);
    await nvr.database.cameraGrant.create({ data: { userId: viewer.id, cameraId: 1 } });
  });
});

describe('live pictures', () => {
  it('come one after the other as the agent writes them', async () => {
    expect((await nvr.fetch('/api/v1/cameras/remote/live.mjpeg')).status).toBe(503);
    const directory = path.join(nvr.config.framesDir, 'remote');
    await mkdir(directory, { recursive: true });
    const picture = path.join(directory, 'latest.jpg');
    await writeFile(picture, 'first');
    const answer = await nvr.fetch('/api/v1/cameras/remote/live.mjpeg?fps=5');
    expect(answer.headers.get('content-type')).toMatch(/^multipart\/x-mixed-replace; boundary=/);
    let text = '';
    const reading = (async () => {
      for await (const chunk of answer.body ?? []) text += Buffer.from(chunk as Uint8Array).toString('latin1');
    })().catch(() => undefined);
    await until(() => text.includes('first'));
    // As agents do it: written over, it would be empty for a moment.
    await writeFile(`${picture}.new`, 'second');
    await rename(`${picture}.new`, picture);
    await until(() => text.includes('second'));
    expect(text.match(/Content-Type: image\/jpeg/g)).toHaveLength(2);
    await nvr.database.camera.update({ where: { framesName: 'remote' }, data: { isActive: false } });
    await reading;
    await nvr.database.camera.update({ where: { framesName: 'remote' }, data: { isActive: true } });
  });
});

describe('who may not see a camera', () => {
  it('does not find it, in whatever form he asks', async () => {
    const files = ['index.m3u8', 'init-1.mp4', 'segment-1.m4s', 'part-1-0.m4s'].map((file) => live(file, 'watched'));
    for (const route of [...files, '/api/v1/cameras/watched/live', '/api/v1/cameras/watched/live.mjpeg'])
      expect([route, (await fetchAs(viewer.token, route)).status]).toEqual([route, 404]);
    const ticket = await fetch(`${nvr.url}/api/v1/cameras/watched/live/ticket`, {
      method: 'POST',
      headers: { authorization: `Bearer ${viewer.token}` },
    });
    const socket = watch('watched', { authorization: `Bearer ${viewer.token}` });
    await until(() => socket.refused !== undefined);
    expect([ticket.status, socket.refused]).toEqual([404, 404]);
  });

  it('is not shown it by a page of another site', async () => {
    const socket = watch('yard', { authorization: `Bearer ${nvr.token}`, origin: 'https://elsewhere.example' });
    await until(() => socket.refused !== undefined);
    expect(socket.refused).toBe(403);
  });

  it('is shown no more of it when his right is taken away, and comes in with a ticket before that', async () => {
    const ticketAnswer = await fetch(`${nvr.url}/api/v1/events/ws-ticket`, {
      method: 'POST',
      headers: { authorization: `Bearer ${viewer.token}` },
    });
    const { ticket } = (await ticketAnswer.json()) as { ticket: string };
    const [mine, others] = [watch('yard', {}, `?ticket=${ticket}`), watch('yard')];
    await until(() => mine.media.length > 2 && others.media.length > 2);
    await nvr.database.cameraGrant.deleteMany({ where: { userId: viewer.id } });
    await until(() => mine.closedWith === 1008);
    const seen = others.media.length;
    await until(() => others.media.length > seen);
  });
});

describe('a camera that goes away', () => {
  it('leaves its viewers waiting, and begins anew for them when it is back', async () => {
    const socket = watch('yard');
    await until(() => socket.media.length > 2);
    // What is skipped by who takes nothing for a while is told as well.
    const told = () => socket.told.filter(({ event }) => event !== 'skipped');
    const known = told().length;
    yard.dropAll();
    await until(() => told().length >= known + 2);
    const [waiting, begin] = told().slice(known);
    expect([waiting?.event, begin?.event]).toEqual(['waiting', 'begin']);
    expect(begin?.session).toBeGreaterThan(told()[known - 1]?.session ?? 0);
  });
});

describe('a camera that is not recorded', () => {
  it('is let go when nobody watches it any more, and leaves no recording', async () => {
    await until(() => watched.sessionCount === 0);
    expect(await nvr.database.segment.count({ where: { cameraId: 2 } })).toBe(0);
  });
});
