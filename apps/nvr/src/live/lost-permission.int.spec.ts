import { mkdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { SocketReader } from '../socket-reader.fixture.js';
import { SseReader } from '../sse-reader.fixture.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const api = '/api/v1';
let nvr: TestNvr;
let camera: { id: number; uuid: string };
const closers: (() => void)[] = [];

beforeAll(async () => {
  nvr = await startTestNvr();
  camera = await nvr.database.camera.create({ data: { framesName: 'yard', name: 'yard', rtspUrl: 'rtsp://10.0.0.1/yard' } });
  const frames = path.join(nvr.config.framesDir, 'yard');
  await mkdir(frames, { recursive: true });
  const picture = path.join(frames, 'latest.jpg');
  await writeFile(picture, 'a picture');
  // It stays as fresh as that of an agent that works. Written over, it would be empty for a moment.
  const drawing = setInterval(() => void utimes(picture, Date.now() / 1_000, Date.now() / 1_000), 2_000);
  closers.push(() => clearInterval(drawing));
});
afterAll(async () => {
  for (const close of closers) close();
  await nvr?.stop();
});

async function send(method: string, route: string, body: unknown): Promise<{ id: number }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await nvr.fetch(`${api}${route}`, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { id: number };
}

async function openSocket(route: string, headers: Record<string, string>): Promise<SocketReader> {
  const reader = await SocketReader.open(`${nvr.url}${route}`, headers);
  closers.push(() => reader.close());
  expect(reader.refused).toBeUndefined();
  return reader;
}

/** MJPEG that is read, and whether it has ended. */
async function openPictures(headers: Record<string, string>): Promise<{ ended: boolean }> {
  const stopping = new AbortController();
  closers.push(() => stopping.abort());
  const { body, status } = await fetch(`${nvr.url}${api}/cameras/yard/live.mjpeg`, { headers, signal: stopping.signal });
  expect(status).toBe(200);
  const pictures = { ended: false };
  const readAll = async () => {
    for await (const _bytes of body ?? []);
  };
  void readAll()
    .catch(() => undefined)
    .finally(() => (pictures.ended = true));
  return pictures;
}

describe('a permission that a role loses', () => {
  it('ends the streams that are open by it, and no others', async () => {
    const role = await send('POST', '/roles', { name: 'night guard', permissions: ['alerts.view', 'cameras.view'] });
    const user = await send('POST', '/users', { username: 'nora', password: adminPassword, role_id: role.id });
    await nvr.database.cameraGrant.create({ data: { userId: user.id, cameraId: camera.id } });
    const headers = { authorization: `Bearer ${await logIn(nvr.url, { username: 'nora', password: adminPassword })}` };
    const events = await SseReader.open(`${nvr.url}${api}/events/stream`, headers);
    closers.push(() => events.close());
    const [told, toldInOtherWords, video, results] = await Promise.all(
      [`${api}/events/stream`, `${api}/events/ws`, `${api}/cameras/yard/live`, `/1/ws?stream_id=${camera.uuid}`].map((route) =>
        openSocket(route, headers),
      ),
    );
    const pictures = await openPictures(headers);
    await send('PUT', `/roles/${role.id}`, { permissions: ['cameras.view'] });
    await until(() => events.ended && told!.closedWith === 1008 && toldInOtherWords!.closedWith === 1008);
    expect([video!.closedWith, results!.closedWith, pictures.ended]).toEqual([undefined, undefined, false]);
    await send('PUT', `/roles/${role.id}`, { permissions: [] });
    await until(() => video!.closedWith === 1008 && results!.closedWith === 1008 && pictures.ended);
  });
});
