import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AssignedStream, InferenceResult } from '@nightjar/contracts';
import { parseNetwork } from '@nightjar/outbound';
import { AppError } from '@nightjar/runtime';
import { startTestBus, startTestCamera, type TestBus, until } from '@nightjar/testing';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { AgentFixture, findsPersons, streamId } from '../agent.fixture.js';
import type { EventMessage } from './message-roads.js';

const [outside, inside] = [[20, 50, 80, 200] as const, [500, 50, 80, 200] as const];
const rightHalf = {
  name: 'yard',
  points: [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ],
};

let busServer: TestBus;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let receiver: Server;
let hooks: EventMessage[];
let fixture: AgentFixture;
let version = 0;

beforeAll(async () => {
  [busServer, camera] = await Promise.all([startTestBus(), startTestCamera()]);
  hooks = [];
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      hooks.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const callbackNetworks = [parseNetwork('127.0.0.0/8')!];
  fixture = await AgentFixture.start({ natsUrl: busServer.url, config: { callbackNetworks } });
});

afterAll(async () => {
  await fixture.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  await camera.close();
  await busServer.stop();
});

const ask = (analytics: AssignedStream['analytics']) => fixture.assign(camera.url, { analytics, version: ++version });
const taken = () => until(() => fixture.feedback[0]?.version === version);
const alerts = (label: string) => fixture.events.filter((event) => event.label === label);

describe('analytics of a live stream', () => {
  it('are offered to nvr with their schemas as soon as it is there', async () => {
    await until(() => fixture.offers.length > 0);
    expect(fixture.offers[0]!.map(({ analytic_name }) => analytic_name)).toEqual(expect.arrayContaining(['people_count', 'intrusion']));
  });

  it('tell events to the camera and to callbacks, with the picture that they name', async () => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/crowds`;
    fixture.engine = findsPersons([...outside], [...inside]);
    ask([
      {
        analytic_name: 'people_count',
        parameters: {
          targets: ['overview'],
          callbacks: [{ type: 'http', url }],
          parameters: { people_count_threshold: 1, rate: { unit: 'frame', period: 1 }, image_retain_policy: { max_size: 320 } },
        },
      },
    ]);
    await until(() => hooks.length > 0 && alerts('people_count').length > 0);
    expect(hooks[0]).toMatchObject({
      event_type: 'crowd',
      event: { people_count: 2, source: 'test', overview: { people_coordinates: [{}, {}] } },
    });
    const { image } = hooks[0]!.event.overview as { image: string };
    expect(image).toMatch(/^opennvr:\/\/frames\/camera_0\/overview_[0-9a-f-]{36}\.jpg$/);
    const picture = await readFile(fixture.file('frames', 'camera_0', image.split('/').at(-1)!));
    expect(await sharp(picture).metadata()).toMatchObject({ format: 'jpeg', width: 320 });
    expect(alerts('people_count')[0]).toMatchObject({
      camera_id: 1,
      event_type: 'alert',
      ended_at_unix_ms: null,
      frame_file: expect.any(String),
    });
  });

  it('change while frames go on, without a new connection to the camera', async () => {
    const sessions = camera.sessionCount;
    ask([{ analytic_name: 'intrusion', parameters: { parameters: { zone: rightHalf } } }]);
    await until(() => alerts('intrusion').length > 0);
    // What was open of the analytic that went is ended.
    await until(() => alerts('people_count').at(-1)?.ended_at_unix_ms !== null);
    const everywhere = { analytic_name: 'intrusion', parameters: {} };
    ask([everywhere]);
    await until(() => new Set(alerts('intrusion').map(({ track_id }) => track_id)).size >= 2);
    await taken();
    expect(fixture.feedback).toMatchObject([{ status: 'in_progress', error: null }]);
    expect(camera.sessionCount).toBe(sessions);
  });

  it('say in the feedback which of them cannot run, while the others go on', async () => {
    ask([
      { analytic_name: 'mind_reading', parameters: {} },
      { analytic_name: 'occupancy', parameters: { parameters: { probe_count: 1 } } },
    ]);
    await taken();
    const error = 'mind_reading: this agent does not know this analytic';
    expect(fixture.feedback[0]).toMatchObject({ status: 'in_progress', error });
    await until(() => alerts('occupancy').length > 0);
    // Only a stream of which nothing runs has failed: nvr takes such a one away.
    ask([{ analytic_name: 'mind_reading', parameters: {} }]);
    await taken();
    expect(fixture.feedback[0]).toMatchObject({ status: 'failure', error });
  });

  it('get objects of other labels from the adapters when they watch for them', async () => {
    const car: InferenceResult['detections'][number] = { bbox: [...inside], label: 'car', confidence: 0.9 };
    const asked: (readonly string[] | undefined)[] = [];
    fixture.engine = (work) => {
      asked.push(work.request.labels);
      return { ...findsPersons()(work), detections: work.request.capability === 'object_detection' ? [car] : [] };
    };
    ask([{ analytic_name: 'intrusion', parameters: { parameters: { labels: ['car'] } } }]);
    await until(() => alerts('intrusion').some(({ payload }) => payload.label === 'car'));
    expect(asked.at(-1)).toEqual(['person', 'car']);
  });

  it('find the face of a person on his part of the picture', async () => {
    fixture.engine = (work) => {
      const persons = findsPersons([...inside])(work);
      if (work.request.capability !== 'face_detection') return persons;
      // The crop is 500..580 × 50..250 with a margin of 20 pixels.
      return {
        ...persons,
        detections: [],
        picture: { w: 120, h: 240 },
        faces: [{ bbox: [40, 30, 30, 40], confidence: 0.9, age: 40, gender: 'F' }],
      };
    };
    ask([{ analytic_name: 'human_tracking', parameters: { targets: ['face_detection', 'body_detection'] } }]);
    await taken();
    const socket = new WebSocket(`${fixture.agent.url.replace('http', 'ws')}/1/ws?stream_id=${streamId}`);
    const tracks: { face: unknown; body: unknown }[] = [];
    socket.on('message', (data) => {
      const { analytics_results } = JSON.parse(String(data as Buffer));
      tracks.push(...(analytics_results.human_tracking?.tracks ?? []));
    });
    await until(() => tracks.some(({ face }) => face !== null));
    expect(tracks.find(({ face }) => face !== null)).toEqual({
      track_id: expect.any(String),
      face: { detection: { rect: { x: 520, y: 60, width: 30, height: 40 }, score: 0.9 }, attributes: { age: 40, gender: 'F' } },
      body: { detection: { rect: { x: 500, y: 50, width: 80, height: 200 }, score: 0.8 } },
      time_offset: expect.any(Number),
    });
    socket.terminate();
  });

  it('lose nothing and tell nothing twice when camera and adapters die in the middle', async () => {
    const begun = fixture.events.length;
    fixture.engine = findsPersons([...inside]);
    ask([{ analytic_name: 'intrusion', parameters: { parameters: { zone: rightHalf } } }]);
    const since = () => fixture.events.slice(begun).filter(({ label }) => label === 'intrusion');
    await until(() => since().some(({ ended_at_unix_ms }) => ended_at_unix_ms === null));
    const first = since().at(-1)!.track_id;
    // The engine dies under the question, the camera hangs up and does not take calls, and nvr's database is away.
    fixture.engine = () => Promise.reject(new AppError('model_error', 'the engine died'));
    fixture.eventFailure = new AppError('unavailable', 'the database is away');
    camera.dropAll();
    camera.refuse();
    await until(() => fixture.feedback[0]?.error != null);
    expect(fixture.feedback[0]).toMatchObject({ status: 'in_progress', error: expect.any(String) });
    camera.resume();
    fixture.engine = findsPersons();
    const ends = () => since().filter(({ ended_at_unix_ms, track_id }) => track_id === first && ended_at_unix_ms !== null);
    const isOpenFrame = () => fixture.overlays.at(-1)?.tracks.length === 0;
    await until(isOpenFrame);
    fixture.eventFailure = undefined;
    await until(() => ends().length > 0);
    fixture.engine = findsPersons([...inside]);
    await until(() => since().some(({ ended_at_unix_ms, track_id }) => track_id !== first && ended_at_unix_ms === null));
    // Each occurrence has one opening and at most one end, whatever was repeated on the way.
    expect(ends()).toHaveLength(1);
    for (const id of new Set(since().map(({ track_id }) => track_id)))
      expect(since().filter(({ ended_at_unix_ms, track_id }) => track_id === id && ended_at_unix_ms === null).length).toBeLessThanOrEqual(
        1,
      );
  });

  it('are offered again when nvr was away', async () => {
    const before = fixture.offers.length;
    fixture.claimsUnheard = true;
    fixture.assign(camera.url);
    await until(() => fixture.claimsRefused > 0);
    fixture.claimsUnheard = false;
    await until(() => fixture.offers.length > before);
  });

  it('tell of motion while no adapter answers', async () => {
    fixture.engine = () => {
      throw new AppError('unavailable', 'no model is loaded');
    };
    ask([{ analytic_name: 'motion', parameters: { parameters: { threshold: 0.0001, min_duration_seconds: 0 } } }]);
    await until(() => alerts('motion').length > 0);
    expect(alerts('motion')[0]).toMatchObject({ event_type: 'alert', frame_file: expect.stringMatching(/^event_.*\.jpg$/) });
    fixture.engine = findsPersons();
  });
});
