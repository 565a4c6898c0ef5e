import { mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { reportEvent } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let uuid: string;
let picture: string;
const streams = ['/api/v1/events/stream', '/api/v1/cameras/1/live.mjpeg'];

beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://127.0.0.1:18554/camera' });
  const camera = await nvr.database.camera.findFirstOrThrow({ where: { id: 1 } });
  ({ uuid } = camera);
  const frames = path.join(nvr.config.framesDir, camera.framesName);
  await mkdir(frames, { recursive: true });
  picture = path.join(frames, 'latest.jpg');
});
// An older one is no picture.
beforeEach(() => writeFile(picture, 'a picture'));
afterAll(() => nvr?.stop());

async function ticket(): Promise<string> {
  const answer = await nvr.fetch('/api/v1/events/ws-ticket', { method: 'POST' });
  return ((await answer.json()) as { ticket: string }).ticket;
}

const head = async (route: string) => (await fetch(`${nvr.url}${route}`, { method: 'HEAD' })).status;

describe('HEAD of a live stream', () => {
  it.each(streams)('%s ends with its head, and the next request on the connection is answered', async (route) => {
    const { hostname, port } = new URL(nvr.url);
    let heard = '';
    const socket = net.connect(Number(port), hostname);
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    const ask = (line: string) => socket.write(`${line} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${nvr.token}\r\n\r\n`);
    ask(`HEAD ${route}`);
    await until(() => heard.includes('\r\n\r\n'));
    const event = { camera_id: 1, label: 'person', score: 0.9, track_id: 't-1', started_at_unix_ms: 1_700_000_000_000 };
    await nvr.bus.request(reportEvent, { ...event, ended_at_unix_ms: null, frame_file: null, payload: {} }, { timeoutMs: 60_000 });
    ask('GET /livez');
    await until(() => heard.includes('\r\n\r\n{'));
    expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    const [, afterTheHead] = heard.split('\r\n\r\n');
    expect(afterTheHead).toMatch(/^HTTP\/1\.1 200/);
    socket.destroy();
  });

  it.each(streams)('%s leaves a ticket as it is, which opens the stream then', async (route) => {
    const address = `${route}?ticket=${await ticket()}`;
    expect([await head(address), await head(address), await head(`${route}?ticket=nonsense`)]).toEqual([200, 200, 401]);
    const opened = await fetch(`${nvr.url}${address}`);
    expect(opened.status).toBe(200);
    await opened.body?.cancel();
    expect(await head(address)).toBe(401);
  });

  it('takes no ticket that is too old', async () => {
    const address = `/api/v1/events/stream?ticket=${await ticket()}`;
    await nvr.database.streamTicket.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
    expect(await head(address)).toBe(401);
  });

  it('that is a WebSocket alone is refused, and leaves a ticket as it is', async () => {
    await nvr.database.streamTicket.deleteMany();
    const query = `ticket=${await ticket()}`;
    for (const route of [`/api/v1/events/ws?${query}`, `/api/v1/cameras/1/live?${query}`, `/1/ws?stream_id=${uuid}&${query}`])
      expect([route, await head(route)]).toEqual([route, 400]);
    expect(await nvr.database.streamTicket.count()).toBe(1);
  });
});
