import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AssignedStream, InferenceResult } from '@nightjar/contracts';
import { parseNetwork } from '@nightjar/outbound';
import { AppError } from '@nightjar/runtime';
import { requireFfmpeg, startTestBus, type TestBus, until } from '@nightjar/testing';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { AgentFixture, streamId } from '../agent.fixture.js';
import type { EventMessage } from '../analytics/message-roads.js';

let directory: string;
let clip: Buffer;
let server: Server;
let origin: string;
let busServer: TestBus;
let fixture: AgentFixture;
let hooks: EventMessage[] = [];
let clipsServed = 0;
let version = 0;

/** Five seconds; somebody (a white box) stands there from 1.5 s to 3.5 s. */
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-films-'));
  const file = path.join(directory, 'film.mp4');
  const somebody = "drawbox=x=200:y=60:w=80:h=200:color=white:t=fill:enable='between(t,1.49,3.49)'";
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p'];
  const input = ['-f', 'lavfi', '-i', 'color=c=0x303030:s=640x360:r=25:d=5', '-vf', somebody];
  execFileSync(await requireFfmpeg(), ['-v', 'error', '-nostdin', '-y', ...input, ...encoder, file]);
  clip = await readFile(file);
  server = createServer((request, response) => {
    if (request.method === 'GET') return serveClip(request.url, response);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      hooks.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  busServer = await startTestBus();
  const networks = [parseNetwork('127.0.0.0/8')!];
  const videoFiles = { networks, bytesMax: 5_000_000, directory: path.join(directory, 'fetched') };
  fixture = await AgentFixture.start({ natsUrl: busServer.url, config: { callbackNetworks: networks, videoFiles } });
  fixture.engine = async (work): Promise<InferenceResult> => {
    const [brightness = 0] = await sharp(work.picture).extract({ left: 240, top: 120, width: 1, height: 1 }).raw().toBuffer();
    const person = { bbox: [200, 60, 80, 200] as [number, number, number, number], label: 'person', confidence: 0.9 };
    const detections = brightness > 128 ? [person] : [];
    return { detections, picture: { w: 640, h: 360 }, model: { name: 'test', version: '1', fingerprint: 'test' }, latency_ms: 1 };
  };
});

afterEach(async () => {
  fixture.assign(undefined);
  await until(() => fixture.feedback.length === 0);
  hooks = [];
});

afterAll(async () => {
  await fixture?.close();
  await busServer?.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

function serveClip(url: string | undefined, response: import('node:http').ServerResponse): void {
  if (url === '/moved.mp4') return void response.writeHead(302, { location: '/film.mp4' }).end();
  if (url === '/large.mp4') return void response.writeHead(200, { 'content-length': '900000000' }).write('x');
  if (url === '/text.mp4') return void response.end('#EXTM3U\nfile:///etc/passwd\n');
  if (url !== '/film.mp4') return void response.writeHead(404).end();
  clipsServed++;
  response.writeHead(200, { 'content-length': clip.length }).end(clip);
}

const crowd = (trigger: 'start' | 'end'): AssignedStream['analytics'][number] => ({
  analytic_name: 'people_count',
  parameters: {
    targets: ['overview', 'coordinates'],
    callbacks: [{ type: 'http', url: `${origin}/${trigger}` }],
    parameters: { probe_count: 1, rate: { unit: 'frame', period: 1 }, event_policy: { trigger } },
  },
});
const play = (url: string, analytics = [crowd('start'), crowd('end')], more: Partial<AssignedStream> = {}) =>
  fixture.assign(url, { camera_id: null, kind: 'file', name: 'film', version: ++version, location: { city: 'Ely' }, analytics, ...more });
const ended = () => until(() => fixture.feedback.some((told) => told.version === version && told.status !== 'in_progress'));
const feedback = () => fixture.feedback.find((told) => told.version === version);

/** A listener of the stream, and what it has heard. */
async function listen() {
  const socket = new WebSocket(`${fixture.agent.url.replace('http', 'ws')}/1/ws?stream_id=${streamId}`);
  const messages: { stream_status: string; analytics_results: { people_count?: { frame_estimations: { time_offset: number }[] } } }[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data as Buffer))));
  await new Promise((resolve) => socket.once('open', resolve));
  return { socket, messages };
}

describe('a video file as a stream', () => {
  it('is analysed to its end in its own time, faster than it plays, tells its events and is done', async () => {
    play(`${origin}/film.mp4`);
    await ended();
    await until(() => hooks.length === 2);
    expect(feedback()).toMatchObject({ stream_id: streamId, status: 'done', error: null });
    const opened = hooks.find(({ event }) => event.overview !== undefined)!;
    const { time_offset, people_coordinates } = opened.event.overview as { time_offset: number; people_coordinates: number[][] };
    // Four samples a second: what begins at 1.5 s is on the sample of that moment.
    expect(Math.abs(time_offset - 1.5)).toBeLessThanOrEqual(0.26);
    expect(people_coordinates).toEqual([[240, 160]]);
    expect(opened).toMatchObject({ event_type: 'crowd', event: { people_count: 1, source: 'film', location: { city: 'Ely' } } });
    const closed = hooks.find((hook) => hook !== opened)!;
    const lastedMs = Date.parse(closed.event_end_time) - Date.parse(closed.event_create_time);
    expect(Math.abs(lastedMs - 1_750)).toBeLessThanOrEqual(260);
    // In the adapters' queue of jobs: cameras come first.
    expect(new Set(fixture.sources)).toEqual(new Set(['batch camera_0']));
    expect(fixture.events).toEqual([]);
    const numbers = await (await fetch(`${fixture.agent.url}/metrics`)).text();
    expect(numbers).toContain('agent_stream_frames_analysed_total{stream="camera_0"} 20');
    expect(numbers).toContain('agent_stream_frames_dropped_total{stream="camera_0"} 0');
    expect(numbers).toMatch(/agent_stream_info\{stream="camera_0",kind="file",/);
    expect(await readdir(path.join(directory, 'fetched'))).toEqual([]);
    expect(fixture.ffmpegProcesses()).toEqual([]);
  });

  it('has the faces of its people looked for where its people are: behind those of cameras', async () => {
    const { engine } = fixture;
    const faceLanes: string[] = [];
    fixture.engine = (work, signal) => {
      if (work.request.capability === 'face_detection') faceLanes.push(work.lane);
      return engine(work, signal);
    };
    play(`${origin}/film.mp4`, [{ analytic_name: 'human_tracking', parameters: { targets: ['face_detection'] } }]);
    await ended();
    fixture.engine = engine;
    expect(new Set(faceLanes)).toEqual(new Set(['batch']));
  });

  it('begins anew when it is resumed, and its listeners hear of its end', async () => {
    fixture.engine = waitingFor(fixture.engine);
    const served = clipsServed;
    play(`${origin}/film.mp4`, []);
    await until(() => fixture.feedback.length > 0);
    const { socket, messages } = await listen();
    const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
    release();
    await ended();
    fixture.assign(undefined);
    expect(await closed).toBe(1000);
    expect(messages.at(-1)).toMatchObject({ stream_status: 'done', error: null });
    const offsets = messages.flatMap(({ analytics_results }) => analytics_results.people_count?.frame_estimations ?? []);
    expect(offsets.map(({ time_offset }) => time_offset)).toEqual(Array.from({ length: 20 }, (_none, index) => index / 4));
    await until(() => fixture.feedback.length === 0);
    // Adapters that are away are waited for: no frame is left out.
    const { engine } = fixture;
    let refusals = 2;
    fixture.engine = (work, signal) => {
      if (refusals-- > 0) throw new AppError('unavailable', 'no model is loaded');
      return engine(work, signal);
    };
    play(`${origin}/film.mp4`);
    await ended();
    await until(() => hooks.length === 2);
    expect(feedback()?.status).toBe('done');
    expect(clipsServed).toBe(served + 2);
  });

  it('is turned as its user asked, and tells the size of what is analysed', async () => {
    const { engine } = fixture;
    fixture.engine = async ({ picture }) => {
      const { data, info } = await sharp(picture).greyscale().raw().toBuffer({ resolveWithObject: true });
      // Where the middle of the box has gone: 240, 160 of 640 × 360, clockwise.
      const isThere = (data[240 * info.width + 200] ?? 0) > 128;
      const person = { bbox: [100, 200, 200, 80] as [number, number, number, number], label: 'person', confidence: 0.9 };
      const model = { name: 'test', version: '1', fingerprint: 'test' };
      return { detections: isThere ? [person] : [], picture: { w: info.width, h: info.height }, model, latency_ms: 1 };
    };
    play(`${origin}/film.mp4`, [crowd('start')], { rotation: 90 });
    await ended();
    await until(() => hooks.length === 1);
    expect(feedback()).toMatchObject({ status: 'done', video_info: { width: 360, height: 640, codec: null } });
    expect(hooks[0]?.event.overview).toMatchObject({ people_coordinates: [[200, 240]] });
    fixture.engine = engine;
  });

  it('fails with a reason where it cannot be had or is no video', async () => {
    const refusals: [string, string][] = [
      [`${origin}/moved.mp4`, 'redirect'],
      [`${origin}/missing.mp4`, '404'],
      [`${origin}/large.mp4`, 'more than 5000000 bytes'],
      [`${origin}/text.mp4`, 'not a video'],
      ['http://169.254.169.254/film.mp4', 'not allowed'],
    ];
    for (const [url, reason] of refusals) {
      play(url);
      await ended();
      expect([url, feedback()]).toMatchObject([url, { status: 'failure', error: expect.stringContaining(reason) }]);
    }
    expect(await readdir(path.join(directory, 'fetched'))).toEqual([]);
  });

  it('tells its listeners why it failed, in the words that the manager gets', async () => {
    play(`${origin}/text.mp4`);
    await ended();
    const { socket, messages } = await listen();
    const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
    const { error } = feedback()!;
    fixture.assign(undefined);
    expect(await closed).toBe(1000);
    expect(error).toContain('not a video');
    expect(messages.at(-1)).toEqual({ stream_status: 'failure', error, analytics_results: {} });
  });

  it('leaves nothing behind when it is taken away in its middle', async () => {
    fixture.engine = waitingFor(fixture.engine);
    await writeFile(path.join(directory, 'fetched', 'somebody-elses'), '');
    const before = fixture.sources.length;
    play(`${origin}/film.mp4`);
    // The manager knows that it runs, so that it also hears that it does no more.
    await until(() => fixture.sources.length > before && fixture.feedback.length > 0);
    fixture.assign(undefined);
    await until(() => fixture.feedback.length === 0);
    release();
    expect(fixture.ffmpegProcesses()).toEqual([]);
    expect(await readdir(path.join(directory, 'fetched'))).toEqual(['somebody-elses']);
    expect(hooks).toEqual([]);
  });
});

let release: () => void = () => undefined;

/** Holds the first answer back until `release` is called. */
function waitingFor(engine: AgentFixture['engine']): AgentFixture['engine'] {
  const released = new Promise<void>((resolve) => (release = resolve));
  return async (work, signal) => {
    await released;
    return engine(work, signal);
  };
}
