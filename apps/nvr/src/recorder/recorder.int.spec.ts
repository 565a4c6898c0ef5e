import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClipView } from '@nightjar/contracts';
import { findFfmpeg, probeFile, type FfmpegBinary } from '@nightjar/media';
import { startTestCamera, until } from '@nightjar/testing';
import { startRecorder } from '../recorder-process.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const run = promisify(execFile);
const segmentSeconds = 4;

let nvr: TestNvr;
let ffmpeg: FfmpegBinary;
let front: Awaited<ReturnType<typeof startTestCamera>>;
let yard: Awaited<ReturnType<typeof startTestCamera>>;
let recorder: ChildProcess;
let startedUnix: number;

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  front = await startTestCamera({ credentials: { user: 'viewer', password: 'p@ss: w/rd' } });
  yard = await startTestCamera();
  nvr = await startTestNvr({ cameraNetworks: ['127.0.0.0/8'] });
  for (const [name, camera] of Object.entries({ front, yard })) {
    const answer = await nvr.fetch('/api/v1/cameras', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, rtsp_url: camera.url, frames_name: name }),
    });
    if (answer.status !== 200) throw new Error(await answer.text());
  }
  startedUnix = Date.now() / 1_000;
  recorder = await startProcess();
});
afterAll(async () => {
  for (const process of started) process.kill('SIGKILL');
  await Promise.all([front.close(), yard.close()]);
  await nvr.stop();
});

const started: ChildProcess[] = [];

async function startProcess(): Promise<ChildProcess> {
  const child = await startRecorder(nvr, { NIGHTJAR_SEGMENT_SECONDS: String(segmentSeconds) });
  started.push(child);
  return child;
}

async function clips(camera: string, from = startedUnix - 3_600): Promise<ClipView[]> {
  const answer = await nvr.fetch(`/api/v1/recordings/${camera}?start_unix=${from}&end_unix=${Date.now() / 1_000 + 3_600}`);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as unknown[]).map((clip) => ClipView.parse(clip));
}

/** Decodes every frame; FFmpeg says nothing only when it is sound. */
async function expectPlayable(clip: ClipView): Promise<void> {
  const file = path.join(nvr.config.recordingsDir, `played-${clip.id}.mp4`);
  await writeFile(file, Buffer.from(await (await nvr.fetch(clip.url)).arrayBuffer()));
  const { stderr } = await run(ffmpeg.path, ['-v', 'error', '-i', file, '-f', 'null', '-']);
  expect(stderr).toBe('');
  const { codec, durationMs } = await probeFile({ ffmpeg, path: file });
  expect(codec).toBe('h264');
  // One that is open may have grown since it was listed.
  const { endsAt, startsAt } = await nvr.database.segment.findUniqueOrThrow({ where: { id: clip.id } });
  expect(durationMs).toBeGreaterThan(clip.duration_seconds * 1_000 - 150);
  expect(durationMs).toBeLessThan(endsAt.getTime() - startsAt.getTime() + 150);
}

/**
 * How far behind the time of day the recordings of a camera end. The cameras of this process send less while it gets no time: of what a
 * connection was not sent, up to ten seconds count as the delay of a network.
 */
async function behindSeconds(camera: string): Promise<number> {
  const ends = (await clips(camera)).map(({ end_unix }) => end_unix);
  return Date.now() / 1_000 - Math.max(...ends);
}

const closedClips = async (camera: string, from?: number) => (await clips(camera, from)).filter(({ open }) => !open);

describe('a recording', () => {
  it('is listed and plays while its file is still open', async () => {
    const running = async () => (await clips('front')).find(({ open }) => open);
    let first = await running();
    await until(async () => (first ??= await running()) !== undefined);
    if (!first) throw new Error('no clip');
    expect(first).toMatchObject({ open: true, video_codec: 'h264', camera_id: 1, url: `/api/v1/recordings/files/${first.id}.mp4` });
    expect(first.start_unix).toBeGreaterThan(startedUnix - 1);
    await expectPlayable(first);
  });

  it('consists of files that are not longer than asked, meet each other, and all play', async () => {
    await until(async () => (await closedClips('front')).length >= 3);
    const closed = await closedClips('front');
    for (const clip of closed) expect(clip.duration_seconds).toBeLessThanOrEqual(segmentSeconds);
    const gaps = closed.slice(1).map((clip, index) => Math.abs(clip.start_unix - (closed[index]?.end_unix ?? 0)));
    expect(Math.max(...gaps)).toBeLessThan(0.05);
    for (const clip of closed) await expectPlayable(clip);
  });

  it('is as long as the time that passed', async () => {
    const seconds = await behindSeconds('front');
    expect(seconds).toBeGreaterThan(-0.5);
    expect(seconds).toBeLessThan(13);
  });

  it('shows in the state of its camera', async () => {
    expect(await (await nvr.fetch('/api/v1/cameras/front')).json()).toMatchObject({
      recording_state: 'recording',
      live_online: true,
      status: 'online',
    });
  });
});

describe('a range of time', () => {
  it('gives the clips that overlap it', async () => {
    const all = await closedClips('front');
    const second = all[1];
    if (!second) throw new Error('too few clips');
    const middle = (second.start_unix + second.end_unix) / 2;
    const found = async (start: number, end: number) =>
      ((await (await nvr.fetch(`/api/v1/recordings/1?start_unix=${start}&end_unix=${end}`)).json()) as ClipView[]).map(({ id }) => id);
    expect(await found(middle, middle + 0.01)).toEqual([second.id]);
    expect(await found(second.start_unix, second.end_unix)).toEqual([second.id]);
    expect(await found(1, 2)).toEqual([]);
  });

  it.each([
    '',
    '?start_unix=5',
    '?start_unix=a&end_unix=7',
    '?start_unix=NaN&end_unix=7',
    '?start_unix=7&end_unix=7',
    '?start_unix=7&end_unix=5',
    '?start_unix=0&end_unix=2678401',
    '?start_unix=-1&end_unix=5',
  ])('is refused when it is %p', async (query) => {
    expect((await nvr.fetch(`/api/v1/recordings/1${query}`)).status).toBe(422);
  });

  it('of an unknown camera is not found', async () => {
    expect((await nvr.fetch('/api/v1/recordings/99?start_unix=1&end_unix=2')).status).toBe(404);
  });
});

describe('a recorded file', () => {
  const closedClip = async () => {
    const [clip] = await closedClips('front');
    if (!clip) throw new Error('no clip');
    return clip;
  };

  it('is sent in ranges, which together are the file', async () => {
    const { size_bytes: size, url } = await closedClip();
    const whole = Buffer.from(await (await nvr.fetch(url)).arrayBuffer());
    const first = await nvr.fetch(url, { headers: { range: 'bytes=0-999' } });
    const rest = await nvr.fetch(url, { headers: { range: 'bytes=1000-', 'if-range': first.headers.get('etag') ?? '' } });
    expect([whole.length, first.status, rest.status, first.headers.get('content-range')]).toEqual([size, 206, 206, `bytes 0-999/${size}`]);
    expect(Buffer.concat([Buffer.from(await first.arrayBuffer()), Buffer.from(await rest.arrayBuffer())]).equals(whole)).toBe(true);
    const beyond = await nvr.fetch(url, { headers: { range: `bytes=${size}-` } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${size}`]);
    const changed = await nvr.fetch(url, { headers: { range: 'bytes=0-9', 'if-range': '"other"' } });
    expect([changed.status, (await changed.arrayBuffer()).byteLength]).toEqual([200, size]);
    const head = await nvr.fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('content-type')]).toEqual([200, String(size), 'video/mp4']);
  });

  it('keeps its length for a player that has begun, though it grows', async () => {
    // One that has just begun: an open file may have got its last fragment already.
    const young = async () => (await clips('front')).find((clip) => clip.open && clip.duration_seconds < segmentSeconds / 2);
    await until(async () => {
      const open = await young();
      if (!open) return false;
      const first = await nvr.fetch(open.url, { headers: { range: 'bytes=0-99' } });
      const known = first.headers.get('content-range')?.split('/')[1];
      let now: ClipView | undefined = open;
      await until(async () => {
        now = (await clips('front')).find(({ id }) => id === open.id);
        return !now?.open || now.size_bytes > Number(known);
      });
      // This machine may have had no time to ask before it was whole: then another one tells.
      if (now.size_bytes <= Number(known)) return false;
      const next = await nvr.fetch(open.url, { headers: { range: 'bytes=100-', 'if-range': first.headers.get('etag') ?? '' } });
      expect([next.status, next.headers.get('content-range')]).toEqual([206, `bytes 100-${Number(known) - 1}/${known}`]);
      return true;
    });
  });

  it('opens to the holder of a ticket for its camera and time, and to nobody else', async () => {
    const clip = await closedClip();
    const ticketFor = async (camera_id: string, start_unix: number, end_unix: number) => {
      const answer = await nvr.fetch('/api/v1/recordings/ticket', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ camera_id, start_unix, end_unix }),
      });
      return ((await answer.json()) as { ticket: string }).ticket;
    };
    const status = async (query: string) => (await fetch(`${nvr.url}${clip.url}${query}`)).status;
    const ticket = await ticketFor('front', clip.start_unix, clip.end_unix);
    const forged = `${ticket.split('.')[0]}.${'A'.repeat(43)}`;
    expect([await status(''), await status(`?ticket=${ticket}`), await status(`?ticket=${forged}`), await status('?ticket=')]).toEqual([
      401, 200, 401, 401,
    ]);
    expect(await status(`?ticket=${await ticketFor('yard', clip.start_unix, clip.end_unix)}`)).toBe(404);
    expect(await status(`?ticket=${await ticketFor('front', clip.start_unix - 20, clip.start_unix - 10)}`)).toBe(404);
    expect((await fetch(`${nvr.url}/api/v1/cameras?ticket=${ticket}`)).status).toBe(401);
  });

  it.each(['0.mp4', '999999.mp4', '1', '1.mp4.mp4', '..%2f1.mp4', '-1.mp4', '1e3.mp4'])('is not found as %s', async (file) => {
    expect((await nvr.fetch(`/api/v1/recordings/files/${file}`)).status).toBe(404);
  });
});

describe('a camera that goes away', () => {
  it('leaves a gap and is recorded again when it is back, while others are recorded as if nothing was', async () => {
    front.refuse();
    const awayUnix = Date.now() / 1_000;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    front.resume();
    await until(async () => (await clips('front', awayUnix + 3)).some(({ start_unix }) => start_unix > awayUnix + 3));
    const ends = await clips('front', startedUnix);
    const gaps = ends.slice(1).map((clip, index) => clip.start_unix - (ends[index]?.end_unix ?? 0));
    expect(gaps.filter((gap) => gap > 2)).toHaveLength(1);
    const yardClips = await clips('yard', startedUnix);
    const yardGaps = yardClips.slice(1).map((clip, index) => Math.abs(clip.start_unix - (yardClips[index]?.end_unix ?? 0)));
    expect(Math.max(...yardGaps)).toBeLessThan(0.1);
    for (const clip of await closedClips('front', awayUnix - 5)) await expectPlayable(clip);
  });

  it('is noticed when it stays connected and sends nothing', async () => {
    front.stall();
    const stalledUnix = Date.now() / 1_000;
    await until(async () => (await clips('front', stalledUnix - 2)).every(({ open }) => !open));
    front.resume();
    await until(async () => (await clips('front', stalledUnix + 5)).some(({ open }) => open));
  });
});

describe('a recorder that is killed', () => {
  it('goes on after its start, with everything before whole and listed', async () => {
    // In the middle of a file: at its end there is none that is open, for a moment.
    await until(async () => (await clips('yard')).some(({ duration_seconds: seconds, open }) => open && seconds > 1 && seconds < 2.5));
    const behind = await behindSeconds('yard');
    recorder.kill('SIGKILL');
    await once(recorder, 'exit');
    const killedUnix = Date.now() / 1_000;
    const open = (await clips('yard')).filter((clip) => clip.open);
    expect(open).toHaveLength(1);
    // What a power cut leaves: the torn begin of a fragment, and a file that was made and never written.
    const { file } = await nvr.database.segment.findUniqueOrThrow({ where: { id: open[0]?.id ?? 0 } });
    await appendFile(
      path.join(nvr.config.recordingsDir, file),
      Buffer.concat([Buffer.from([0, 0, 4, 0]), Buffer.from('moof'), Buffer.alloc(100)]),
    );
    const orphans = path.join(nvr.config.recordingsDir, path.dirname(file));
    await writeFile(path.join(orphans, '1600000000000.mp4'), '');
    recorder = await startProcess();
    await until(async () => (await clips('yard', killedUnix)).some((clip) => clip.open));
    const closed = (await clips('yard')).find(({ id }) => id === open[0]?.id);
    expect(closed).toMatchObject({ open: false });
    expect(closed?.end_unix).toBeGreaterThanOrEqual(open[0]?.end_unix ?? 0);
    if (closed) await expectPlayable(closed);
    expect(killedUnix - (closed?.end_unix ?? 0)).toBeLessThan(behind + 3);
    await until(async () => !(await readdir(orphans)).includes('1600000000000.mp4'));
  });

  it('finds files that the database does not know', async () => {
    // The name of a session's first file tells its begin only to a second.
    const [, lost] = await closedClips('yard');
    if (!lost) throw new Error('no clip');
    const { file } = await nvr.database.segment.delete({ where: { id: lost.id } });
    recorder.kill('SIGKILL');
    await once(recorder, 'exit');
    const stranger = path.join(nvr.config.recordingsDir, '11111111-2222-3333-4444-555555555555', '2026-01-01');
    await mkdir(stranger, { recursive: true });
    await writeFile(path.join(stranger, '1600000000000.mp4'), 'of a camera that nobody knows');
    recorder = await startProcess();
    await until(async () => (await closedClips('yard')).some(({ start_unix }) => start_unix === lost.start_unix));
    const again = (await closedClips('yard')).find(({ start_unix }) => start_unix === lost.start_unix);
    expect(again).toMatchObject({ size_bytes: lost.size_bytes, duration_seconds: lost.duration_seconds });
    expect((await nvr.database.segment.findUniqueOrThrow({ where: { id: again?.id ?? 0 } })).file).toBe(file);
    expect(await readdir(stranger)).toEqual(['1600000000000.mp4']);
  });
});

describe('a recorder that is stopped', () => {
  it('closes its files and leaves no process behind', async () => {
    await until(async () => (await clips('yard')).some(({ open }) => open));
    const behind = await behindSeconds('yard');
    const stoppedUnix = Date.now() / 1_000;
    recorder.kill('SIGTERM');
    const [code] = (await once(recorder, 'exit')) as [number | null];
    expect(code).toBe(0);
    const all = await clips('yard');
    expect(all.filter(({ open }) => open)).toEqual([]);
    expect(stoppedUnix - (all.at(-1)?.end_unix ?? 0)).toBeLessThan(behind + 1.5);
    const { stdout } = await run('ps', ['-eo', 'args=']);
    expect(stdout.split('\n').filter((line) => line.includes(new URL(yard.url).host))).toEqual([]);
    const last = all.at(-1);
    if (last) await expectPlayable(last);
  });

  it('writes files anew where somebody moved the directory away', async () => {
    await rename(nvr.config.recordingsDir, `${nvr.config.recordingsDir}-moved`);
    const restartedUnix = Date.now() / 1_000;
    recorder = await startProcess();
    await until(async () => (await clips('yard', restartedUnix)).some(({ open }) => open));
  });
});
