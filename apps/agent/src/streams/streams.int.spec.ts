import { readdir, readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestBus, startTestCamera, type TestBus, until } from '@nightjar/testing';
import { AppError, sleep } from '@nightjar/runtime';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { AgentFixture, findsPersons, streamId } from '../agent.fixture.js';

type TestCamera = Awaited<ReturnType<typeof startTestCamera>>;

let busServer: TestBus;
let camera: TestCamera;
let fixture: AgentFixture;

beforeAll(async () => {
  camera = await startTestCamera({ credentials: { user: 'admin', password: 'hunter2' } });
});

afterAll(() => camera.close());

beforeEach(async () => {
  busServer = await startTestBus();
  fixture = await AgentFixture.start({ natsUrl: busServer.url });
});

afterEach(async () => {
  await fixture.close();
  await busServer.stop();
  expect(fixture.ffmpegProcesses(camera.url)).toEqual([]);
});

const latest = () => fixture.file('frames', 'camera_0', 'latest.jpg');

/** When the picture was written. */
async function latestAtMs(): Promise<number> {
  return stat(latest()).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

async function untilReplaced(): Promise<void> {
  const before = await latestAtMs();
  await until(async () => (await latestAtMs()) > before);
}

describe('the analysis of a live stream', () => {
  it('keeps the latest picture fresh and tells overlays of every frame', async () => {
    fixture.assign(camera.url);
    await until(() => fixture.overlays.length >= 4);
    const written = new Set<number>();
    await until(async () => {
      written.add(await latestAtMs());
      return fixture.overlays.length >= 12;
    });
    // Of eight frames in two seconds; what came while another one was written may have been left out.
    expect(written.size).toBeGreaterThan(2);
    expect(await sharp(await readFile(latest())).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 360 });
    expect(fixture.overlays.at(-1)).toMatchObject({
      camera_id: 1,
      frame: { w: 640, h: 360 },
      tracks: [{ label: 'person', bbox: { x: 100 / 640, y: 50 / 360, w: 80 / 640, h: 200 / 360 } }],
    });
    expect(new Set(fixture.sources)).toEqual(new Set(['live camera_0']));
  });

  it('never has two questions of one camera under way, and drops what is late', async () => {
    let running = 0;
    let most = 0;
    fixture.engine = async (work) => {
      most = Math.max(most, ++running);
      await sleep(700);
      running--;
      return findsPersons()(work);
    };
    fixture.assign(camera.url);
    await until(() => fixture.overlays.length >= 4);
    expect(most).toBe(1);
    // Four frames a second come, and each answer takes the time of three: the one that is asked about is always a new one.
    // One that waited its turn would be two seconds old by now, and each next one half a second older.
    await until(() => Date.now() - (fixture.overlays.at(-1)?.frame_ts_ms ?? 0) < 1_500);
    const numbers = await (await fetch(`${fixture.agent.url}/metrics`)).text();
    expect(numbers).toMatch(/agent_stream_frames_dropped_total\{stream="camera_0"\} [1-9]/);
    expect(numbers).toMatch(/agent_stream_info\{stream="camera_0",kind="rtsp",decode_state="active",wake_reason="\w+",/);
  });

  it('reports a person within two seconds of its frame, with pictures, and closes the event when it has left', async () => {
    fixture.assign(camera.url);
    await until(() => fixture.events.length > 0);
    const [opened] = fixture.events;
    expect(opened).toMatchObject({ camera_id: 1, label: 'person', ended_at_unix_ms: null, score: 0.8 });
    expect(opened?.track_id).toMatch(/^[0-9a-f]{8}-1$/);
    expect(opened?.frame_file).toBe(`event_${opened?.track_id}.jpg`);
    // nvr has its copy with the acknowledgement: only the camera's own pictures stay.
    await until(async () => !(await readdir(fixture.file('frames', 'camera_0'))).includes(opened?.frame_file ?? ''));
    expect((await readdir(fixture.file('frames', 'camera_0'))).sort()).toEqual(
      expect.arrayContaining(['event_trigger.jpg', 'latest.jpg', 'person.jpg']),
    );
    expect(await sharp(await readFile(fixture.file('frames', 'camera_0', 'person.jpg'))).metadata()).toMatchObject({
      width: 140,
      height: 260,
    });

    fixture.engine = findsPersons();
    await until(() => fixture.events.length > 1);
    expect(fixture.events[1]).toMatchObject({
      track_id: opened?.track_id,
      started_at_unix_ms: opened?.started_at_unix_ms,
      frame_file: null,
    });
    expect(fixture.events[1]?.ended_at_unix_ms).toBeGreaterThan(opened?.started_at_unix_ms ?? 0);

    const delayMs = () => Math.min(...fixture.events.map(({ heardAtMs, started_at_unix_ms }) => heardAtMs - started_at_unix_ms));
    // On a machine that held us up just then it is another person's turn.
    for (let persons = 1; persons < 5 && delayMs() >= 2_000; persons++) {
      fixture.engine = findsPersons([100, 50, 80, 200]);
      await until(() => fixture.events.length > 2 * persons);
      fixture.engine = findsPersons();
      await until(() => fixture.events.length > 2 * persons + 1);
    }
    expect(delayMs()).toBeLessThan(2_000);
  });

  it('keeps an event and its picture until nvr takes it', async () => {
    fixture.eventFailure = new AppError('unavailable', 'the database is away');
    fixture.assign(camera.url);
    const isEventPicture = (file: string) => /^event_[0-9a-f]{8}-1\.jpg$/.test(file);
    await until(async () => (await readdir(fixture.file('frames', 'camera_0')).catch(() => [])).some(isEventPicture));
    await sleep(1_000);
    expect(fixture.events).toEqual([]);
    fixture.eventFailure = undefined;
    await until(() => fixture.events.length === 1);
    expect(fixture.events[0]?.frame_file).not.toBeNull();
  });

  it('goes on when the camera went away and came back, however it went', async () => {
    fixture.assign(camera.url);
    await until(() => fixture.overlays.length >= 2);
    camera.dropAll();
    await until(() => camera.sessionCount === 0);
    const before = fixture.overlays.length;
    await until(() => fixture.overlays.length >= before + 3);
    camera.refuse();
    await sleep(1_500);
    camera.resume();
    const again = fixture.overlays.length;
    await until(() => fixture.overlays.length >= again + 3);
    await untilReplaced();
  });

  it('tells frames on the WebSocket in the words of the documentation, empty ones too', async () => {
    fixture.engine = findsPersons([100, 50, 80, 200]);
    fixture.assign(camera.url);
    await until(() => fixture.overlays.length >= 1);
    const socket = new WebSocket(`${fixture.agent.url.replace('http', 'ws')}/1/ws?stream_id=${streamId}`);
    const messages: unknown[] = [];
    socket.on('message', (data) => messages.push(JSON.parse(String(data as Buffer))));
    await until(() => messages.length >= 2);
    expect(messages[0]).toEqual({
      stream_status: 'in_progress',
      error: null,
      analytics_results: {
        people_count: {
          frame_estimations: [{ people_count: 1, people_coordinates: [[140, 150]], time_offset: expect.any(Number) }],
          events: [],
        },
      },
    });
    fixture.engine = findsPersons();
    await until(() => messages.some((message) => JSON.stringify(message).includes('"people_count":0,"people_coordinates":[]')));

    const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
    fixture.assign(undefined);
    expect(await closed).toBe(1000);
    expect(messages.at(-1)).toEqual({ stream_status: 'stop', error: null, analytics_results: {} });
  });

  it('gives its streams back and closes its events when it stops', async () => {
    fixture.assign(camera.url);
    await until(() => fixture.events.length === 1);
    // Before its first claim: a former process of its name may have left events open.
    const { releases } = fixture;
    expect(releases).toBeGreaterThan(0);
    await fixture.stopAgent();
    expect(fixture.releases).toBe(releases + 1);
    expect(fixture.events).toHaveLength(2);
    expect(fixture.events[1]?.ended_at_unix_ms).not.toBeNull();
    expect(fixture.ffmpegProcesses(camera.url)).toEqual([]);
  });

  it('stops a stream that is taken away and starts one whose address changed', async () => {
    fixture.assign(camera.url);
    await until(() => fixture.overlays.length >= 1);
    fixture.assign(undefined);
    await until(() => camera.sessionCount === 0);
    fixture.assign('rtsp://admin:wrong@127.0.0.1:9/none');
    await sleep(500);
    fixture.assign(camera.url);
    const before = fixture.overlays.length;
    await until(() => fixture.overlays.length > before);
  });

  it('goes on while nvr is away, until its lease is over: then another agent may have the stream', async () => {
    fixture.assign(camera.url);
    await until(() => fixture.overlays.length > 0);
    fixture.claimsUnheard = true;
    // It asks every three seconds; the lease is ten.
    await until(() => fixture.claimsRefused > 0);
    const before = fixture.overlays.length;
    await until(() => fixture.overlays.length > before);
    expect(camera.sessionCount).toBe(1);
    await until(() => camera.sessionCount === 0);
    fixture.claimsUnheard = false;
    await until(() => camera.sessionCount === 1);
  });

  it('goes on with pictures while no adapter answers', async () => {
    fixture.engine = () => Promise.reject(new AppError('model_error', 'the engine died'));
    fixture.assign(camera.url);
    for (let times = 0; times < 5; times++) await untilReplaced();
    expect(fixture.overlays).toEqual([]);
    fixture.engine = findsPersons();
    await until(() => fixture.overlays.length > 0);
  });
});

describe('the handshake of /1/ws', () => {
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };

  /** fetch can't send the headers of a handshake. */
  function statusOf(target: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const sent = request(`${fixture.agent.url}${target}`, { headers: { ...handshake, ...headers } }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      sent.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, body: '' });
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  it('refuses a missing or malformed stream, an unknown one, and pages of other sites', async () => {
    fixture.assign(camera.url);
    await until(() => fixture.overlays.length >= 1);
    expect(await statusOf('/1/ws')).toMatchObject({ status: 400, body: expect.stringContaining('12014') });
    expect(await statusOf('/1/ws?stream_id=nonsense')).toMatchObject({ status: 400, body: expect.stringContaining('12022') });
    expect(await statusOf('/1/ws?stream_id=557d54ec-29ad-4f3c-93b4-c9092ef12515')).toMatchObject({
      status: 404,
      body: expect.stringContaining('12013'),
    });
    expect(await statusOf('/nothing')).toMatchObject({ status: 404 });
    const known = `/1/ws?stream_id=${streamId}`;
    expect(await statusOf(known, { origin: 'http://evil.example' })).toMatchObject({ status: 403 });
    expect(await statusOf(known, { host: 'evil.example' })).toMatchObject({ status: 403 });
    expect(await statusOf(known, { upgrade: 'h2c' })).toMatchObject({ status: 400 });
    expect(await statusOf(known)).toMatchObject({ status: 101 });
    // An owner who is another one than the stream's finds nothing; a camera that was never looked at there has none.
    const [owner, other] = ['00000000-0000-4000-8000-000000000001', '557d54ec-29ad-4f3c-93b4-c9092ef12515'];
    expect(await statusOf(`${known}&account_id=${other}`)).toMatchObject({ status: 101 });
    fixture.assign(camera.url, { account_id: owner, version: 2 });
    await until(() => fixture.feedback.some(({ version }) => version === 2));
    expect(await statusOf(`${known}&account_id=${other}`)).toMatchObject({ status: 404 });
    expect(await statusOf(`${known}&account_id=${owner}`)).toMatchObject({ status: 101 });
    expect(await statusOf(known)).toMatchObject({ status: 101 });
  });
});
