import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTestVideo, requireFfmpeg } from '@nightjar/testing';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { addCamera, addRecording, addViewer, jsonRequest, type TestCameraRow } from './recorded-time.fixture.js';

const run = promisify(execFile);
const t0Unix = Date.UTC(2026, 5, 1, 12) / 1_000;
const fileSeconds = 6;
const framesPerSecond = 15;

interface Session {
  session_id: string;
  manifest_url: string;
  browser_mp4_url: string | null;
  [field: string]: unknown;
}

let nvr: TestNvr;
let ffmpegPath: string;
let directory: string;
let recorded: string;
let smaller: string;
let yard: TestCameraRow;
let viewer: string;
beforeAll(async () => {
  [nvr, ffmpegPath, directory] = await Promise.all([startTestNvr(), requireFfmpeg(), mkdtemp(path.join(os.tmpdir(), 'nightjar-hls-'))]);
  const [large, small] = await Promise.all([
    makeTestVideo({ file: path.join(directory, 'large.mp4'), seconds: fileSeconds }),
    makeTestVideo({ file: path.join(directory, 'small.mp4'), seconds: fileSeconds, width: 320, height: 180 }),
  ]);
  recorded = await writeRecordedFile({ video: large, recordingsDir: directory, name: 'large-recorded.mp4' });
  smaller = await writeRecordedFile({ video: small, recordingsDir: directory, name: 'small-recorded.mp4' });
  yard = await addCamera(nvr, 'yard', 1);
  // Twelve seconds, a gap of ten, twelve more, of which the last six have another picture.
  await record(0, recorded);
  await record(6, recorded);
  await record(22, recorded);
  await record(28, smaller);
  viewer = await addViewer(nvr, { username: 'vera', cameras: [yard] });
});
afterAll(async () => {
  await nvr.stop();
  await rm(directory, { recursive: true });
});

function record(second: number, content: string): Promise<number> {
  return addRecording(nvr, { camera: yard, content, startsAtMs: (t0Unix + second) * 1_000, durationMs: fileSeconds * 1_000 });
}

const at = (second: number) => new Date((t0Unix + second) * 1_000).toISOString();
const sessionPath = (from: number, to: number, camera = 'yard') =>
  `/api/v1/recordings/playback/hls?camera_id=${camera}&start=${at(from)}&end=${at(to)}`;
const withToken = (token: string, pathname: string, init: RequestInit = {}) =>
  fetch(`${nvr.url}${pathname}`, { ...init, headers: { authorization: `Bearer ${token}` } });

async function start(from: number, to: number, token = nvr.token): Promise<Session> {
  const answer = await withToken(token, sessionPath(from, to));
  expect(answer.status).toBe(200);
  return (await answer.json()) as Session;
}

/** What FFmpeg makes of a URL: one line for each decoded frame. */
async function decode(url: string): Promise<{ frames: string[]; stderr: string }> {
  const { stderr, stdout } = await run(ffmpegPath, ['-v', 'error', '-i', url, '-vsync', 'passthrough', '-f', 'framemd5', '-']);
  return { stderr, frames: stdout.split('\n').flatMap((line) => (line.startsWith('0,') ? [line.split(/,\s*/).at(-1) ?? ''] : [])) };
}

const playlistOf = async (session: Session) => (await fetch(`${nvr.url}${session.manifest_url}`)).text();

describe('a playback session', () => {
  it('says what OpenNVR says of one', async () => {
    const session = await start(2.5, 9.5);
    expect(session).toEqual({
      session_id: expect.any(String),
      manifest_url: expect.stringMatching(/^\/api\/v1\/recordings\/playback\/hls\/[-0-9a-f]{36}\/index\.m3u8\?ticket=/),
      browser_mp4_url: expect.stringContaining('/browser.mp4?ticket='),
      video_codec: 'h264',
      needs_remux: false,
      file_offset_seconds: 0.5,
      camera_id: yard.id,
      camera_name: 'yard',
      start: at(2.5),
      end: at(9.5),
      duration: 7,
      segment_count: 2,
      expires_in_seconds: 7_200,
    });
  });

  it('plays frame by frame what was recorded, over the edge of files', async () => {
    const { frames, stderr } = await decode(`${nvr.url}${(await start(0, 12)).manifest_url}`);
    const source = await decode(recorded);
    expect([stderr, source.frames.length]).toEqual(['', fileSeconds * framesPerSecond]);
    expect(frames).toEqual([...source.frames, ...source.frames]);
  });

  it('has a playlist that tells the time of day, gaps, and what a decoder needs', async () => {
    const session = await start(3, 40);
    expect((await playlistOf(session)).replace(/\?ticket=[-\w]+/g, '?ticket').split('\n')).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:7',
      '#EXT-X-TARGETDURATION:5',
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXT-X-PLAYLIST-TYPE:VOD',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-START:TIME-OFFSET=0.000,PRECISE=YES',
      '#EXT-X-MAP:URI="init.mp4?ticket"',
      `#EXT-X-PROGRAM-DATE-TIME:${at(3)}`,
      ...['#EXTINF:3.00000,', 'segment-0.m4s?ticket'],
      `#EXT-X-PROGRAM-DATE-TIME:${at(6)}`,
      ...['#EXTINF:5.00000,', 'segment-100000.m4s?ticket', '#EXTINF:1.00000,', 'segment-100001.m4s?ticket'],
      '#EXT-X-DISCONTINUITY',
      `#EXT-X-PROGRAM-DATE-TIME:${at(22)}`,
      ...['#EXTINF:5.00000,', 'segment-200000.m4s?ticket', '#EXTINF:1.00000,', 'segment-200001.m4s?ticket'],
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-MAP:URI="init-3.mp4?ticket"',
      `#EXT-X-PROGRAM-DATE-TIME:${at(28)}`,
      ...['#EXTINF:5.00000,', 'segment-300000.m4s?ticket', '#EXTINF:1.00000,', 'segment-300001.m4s?ticket'],
      '#EXT-X-ENDLIST',
      '',
    ]);
    expect(session.browser_mp4_url).toBeNull();
  });

  it('plays through a gap and a change of the picture', async () => {
    const { frames } = await decode(`${nvr.url}${(await start(3, 40)).manifest_url}`);
    expect(frames).toHaveLength((3 + 6 + 6 + 6) * framesPerSecond);
  });

  it('is one MP4 too, with ranges', async () => {
    const { browser_mp4_url } = await start(0, 30);
    expect(browser_mp4_url).toBeNull();
    const whole = await start(0, 12);
    expect((await decode(`${nvr.url}${whole.browser_mp4_url ?? ''}`)).frames).toHaveLength(12 * framesPerSecond);
    const part = await fetch(`${nvr.url}${whole.browser_mp4_url ?? ''}`, { headers: { range: 'bytes=5-14' } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
  });

  it('leaves out what has gone since, and names the rest as before', async () => {
    const [first, second] = [await record(100, recorded), await record(106, recorded)];
    const session = await start(100, 112);
    await nvr.database.segment.update({ where: { id: first }, data: { expiredAt: new Date() } });
    const playlist = await playlistOf(session);
    expect(playlist.match(/segment-\d+/g)).toEqual(['segment-100000', 'segment-100001']);
    const status = async (name: string) => {
      const answer = await nvr.fetch(`/api/v1/recordings/playback/hls/${session.session_id}/${name}`);
      await answer.body?.cancel();
      return answer.status;
    };
    expect([await status('segment-0.m4s'), await status('segment-100000.m4s'), await status('segment-100002.m4s')]).toEqual([
      404, 200, 404,
    ]);
    await nvr.database.segment.deleteMany({ where: { id: { in: [first, second] } } });
  });

  it.each([
    ['longer than four hours', () => sessionPath(0, 4 * 3_600 + 1), 422],
    ['backwards', () => sessionPath(5, 4), 422],
    ['of times that are none', () => '/api/v1/recordings/playback/hls?camera_id=yard&start=yesterday&end=today', 422],
    ['of a time that was not recorded', () => sessionPath(13, 21), 404],
    ['of a camera that nobody knows', () => sessionPath(0, 5, 'nobody'), 404],
  ])('is refused when it is %s', async (_what, pathname, status) => {
    expect((await nvr.fetch(pathname())).status).toBe(status);
  });

  it('is one of 24 of its user: one more takes the place of the oldest', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 25; count++) ids.push((await start(0, 5, viewer)).session_id);
    const status = async (id: string | undefined) =>
      (await withToken(viewer, `/api/v1/recordings/playback/hls/${id ?? ''}/index.m3u8`)).status;
    expect([await status(ids[0]), await status(ids[1]), await status(ids[24])]).toEqual([404, 200, 200]);
  });
});

describe('who may play', () => {
  const parts = ['index.m3u8', 'init.mp4', 'segment-0.m4s', 'browser.mp4'];
  const statuses = (session: Session, request: (pathname: string) => Promise<Response>) =>
    Promise.all(
      parts.map(async (part) => {
        const answer = await request(`/api/v1/recordings/playback/hls/${session.session_id}/${part}`);
        await answer.body?.cancel();
        return answer.status;
      }),
    );
  const ticketOf = (session: Session) => /\?ticket=(.*)$/.exec(session.manifest_url)?.[1] ?? '';

  it('is who began the session, by header or by its own ticket, and nobody else', async () => {
    const [own, other] = [await start(0, 5, viewer), await start(0, 5)];
    expect(await statuses(own, (pathname) => withToken(viewer, pathname))).toEqual([200, 200, 200, 200]);
    expect(await statuses(own, (pathname) => fetch(`${nvr.url}${pathname}?ticket=${ticketOf(own)}`))).toEqual([200, 200, 200, 200]);
    expect(await statuses(own, (pathname) => nvr.fetch(pathname))).toEqual([404, 404, 404, 404]);
    expect(await statuses(own, (pathname) => fetch(`${nvr.url}${pathname}?ticket=${ticketOf(other)}`))).toEqual([401, 401, 401, 401]);
    expect(await statuses(own, (pathname) => fetch(`${nvr.url}${pathname}`))).toEqual([401, 401, 401, 401]);
  });

  it('is nobody who lost the camera, and nobody whose login has ended, from the next segment on', async () => {
    const guest = await addViewer(nvr, { username: 'gus', cameras: [yard] });
    const session = await start(0, 5, guest);
    const byTicket = (pathname: string) => fetch(`${nvr.url}${pathname}?ticket=${ticketOf(session)}`);
    expect(await statuses(session, byTicket)).toEqual([200, 200, 200, 200]);
    const { id } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'gus' } });
    const grant = (cameraIds: number[]) => nvr.fetch(`/api/v1/users/${id}/cameras`, jsonRequest('PUT', { camera_ids: cameraIds }));
    await grant([]);
    expect(await statuses(session, byTicket)).toEqual([404, 404, 404, 404]);
    expect(await statuses(session, (pathname) => withToken(guest, pathname))).toEqual([404, 404, 404, 404]);
    await grant([yard.id]);
    expect(await statuses(session, byTicket)).toEqual([200, 200, 200, 200]);
    await withToken(guest, '/api/v1/auth/logout', { method: 'POST' });
    expect(await statuses(session, byTicket)).toEqual([401, 401, 401, 401]);
  });

  it('ends the session himself', async () => {
    const session = await start(0, 5, viewer);
    const pathname = `/api/v1/recordings/playback/hls/${session.session_id}`;
    expect((await nvr.fetch(pathname, { method: 'DELETE' })).status).toBe(404);
    expect((await withToken(viewer, pathname, { method: 'DELETE' })).status).toBe(204);
    expect((await withToken(viewer, `${pathname}/index.m3u8`)).status).toBe(404);
  });
});
