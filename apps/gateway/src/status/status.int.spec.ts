import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { adapterCapacity, agentCapacity } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { GatewayFixture, imageResult, startGatewayServices, videoResult, type GatewayServices } from '../gateway.fixture.js';

let services: GatewayServices;
let fixture: GatewayFixture;

beforeAll(async () => {
  services = await startGatewayServices();
  fixture = await GatewayFixture.start(services);
});
afterEach(async () => {
  await fixture.database.job.deleteMany();
});
afterAll(async () => {
  await fixture?.stopAndRemoveMedia();
  await services?.stop();
});

async function get(route: string) {
  const response = await fixture.request(route);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const latency = (mediaType: string) => get(`/v0.2/status/latency?media_type=${mediaType}`);

function tellAgent(busy: number, selfCheck: { video_ms_per_second: number; image_ms: number } | null = null) {
  fixture.agentBus.publish(agentCapacity, {
    agent_id: 'agent-1',
    job_slots_total: 4,
    job_slots_busy: busy,
    stream_slots_total: 16,
    stream_slots_busy: 3,
    self_check: selfCheck,
    at_unix_ms: Date.now(),
  });
}

function tellAdapter(busy: number) {
  fixture.agentBus.publish(adapterCapacity, {
    adapter_id: 'adapter-1',
    capabilities: ['person_detection'],
    slots_total: 8,
    slots_busy: busy,
    queued: 2,
    healthy: true,
    models_loaded: ['nanodet@1'],
    at_unix_ms: Date.now(),
  });
}

/** A video job of that many seconds that took that long, as if it had ended `endedSecondsAgo`. */
async function finishVideo(seconds: number, tookSeconds: number, endedSecondsAgo = 0) {
  const jobId = await fixture.submitVideo();
  const work = await fixture.claimWork();
  await fixture.finish(work, { state: 'finished', media_type: 'video', result: videoResult, duration_seconds: seconds });
  const finishedAt = new Date(Date.now() - endedSecondsAgo * 1_000);
  await fixture.database.job.update({ where: { id: jobId }, data: { processingMs: tookSeconds * 1_000, finishedAt } });
}

// Before anybody was heard: this is the first test.
describe('a system that nobody has told anything yet', () => {
  it('is full, and answers the documented latency', async () => {
    expect(await get('/v0.2/status/capacity')).toEqual({ status: 200, body: { used_system_capacity: 1 } });
    expect((await latency('video')).body).toEqual({ media_type: 'video', unit: 'second', latency_ms_per_unit: 500, observed_units: 0 });
    expect((await latency('image')).body).toEqual({ media_type: 'image', unit: 'image', latency_ms_per_unit: 250, observed_units: 0 });
    expect((await get('/v1/status')).body).toMatchObject({ agents: [], adapters: [], estimated_start_seconds: null });
  });
});

describe('the observed latency', () => {
  it('is the self-check of an agent before the first job', async () => {
    tellAgent(0, { video_ms_per_second: 321, image_ms: 45 });
    await until(async () => (await latency('video')).body.latency_ms_per_unit === 321);
    expect((await latency('image')).body).toMatchObject({ latency_ms_per_unit: 45, observed_units: 0 });
  });

  it('is the mean over the newest 500 seconds of video, long videos counting more', async () => {
    await finishVideo(1_000, 9_000, 100);
    await finishVideo(300, 30, 50);
    await finishVideo(100, 50, 10);
    await finishVideo(150, 25, 5);
    expect((await latency('video')).body).toMatchObject({ latency_ms_per_unit: 190.909, observed_units: 550 });
  });

  it('of pictures counts those that were finished', async () => {
    const jobId = await fixture.submitImages([{ data_base64: 'YWJj' }, { data_base64: 'YWJj' }]);
    await fixture.finish(await fixture.claimWork(), {
      state: 'finished',
      media_type: 'image',
      items: [
        { index: 0, state: 'finished', result: imageResult },
        { index: 1, state: 'failed', error: { code: 'not_an_image', message: 'no' } },
      ],
    });
    await fixture.database.job.update({ where: { id: jobId }, data: { processingMs: 120 } });
    expect((await latency('image')).body).toEqual({ media_type: 'image', unit: 'image', latency_ms_per_unit: 120, observed_units: 1 });
  });

  it.each(['', '?media_type=', '?media_type=audio', '?media_type=video&media_type=image', '?media_type=__proto__'])(
    'answers 400 to %j',
    async (query) => {
      const { status, body } = await get(`/v0.2/status/latency${query}`);
      expect([status, body]).toEqual([400, { error: { code: 'invalid_argument', message: 'media_type must be video or image' } }]);
    },
  );
});

describe('the used capacity', () => {
  it('follows the scarcer of agents and adapters', async () => {
    const used = async () => (await get('/v0.2/status/capacity')).body.used_system_capacity;
    // Told again and again, as agents and adapters do: after 15 s of silence they count as gone.
    const followsTold = (busy: { agent: number; adapter: number }, share: number) =>
      until(async () => {
        tellAgent(busy.agent);
        tellAdapter(busy.adapter);
        return (await used()) === share;
      });
    await followsTold({ agent: 1, adapter: 4 }, 0.5);
    await followsTold({ agent: 3, adapter: 4 }, 0.75);
  });
});

describe('the status', () => {
  it('names agents, adapters, the queue and when a job submitted now would begin', async () => {
    await finishVideo(100, 50, 10);
    await fixture.submitVideo();
    await fixture.submitVideo();
    await fixture.submitVideo();
    await fixture.claimWork();
    let body: Record<string, unknown> = {};
    // Not the used capacity: that is 1 while nothing is heard, too.
    const hasHeard = ({ agents, adapters }: { agents?: { job_slots: { busy: number } }[]; adapters?: { slots: { busy: number } }[] }) =>
      agents?.[0]?.job_slots.busy === 4 && adapters?.[0]?.slots.busy === 2;
    await until(async () => {
      tellAgent(4);
      tellAdapter(2);
      ({ body } = await get('/v1/status'));
      return hasHeard(body);
    });
    expect(body).toMatchObject({
      agents: [{ id: 'agent-1', job_slots: { total: 4, busy: 4 }, stream_slots: { total: 16, busy: 3 } }],
      adapters: [{ id: 'adapter-1', slots: { total: 8, busy: 2 }, queued: 2, healthy: true, models_loaded: ['nanodet@1'] }],
      jobs: { queued: 2, processing: 1 },
      queue_wait: { window_seconds: 300, jobs: 2, p50_seconds: expect.any(Number), p95_seconds: expect.any(Number) },
      used_system_capacity: 1,
      // Two wait and one is half done, 50 s each, over four slots.
      estimated_start_seconds: 31.3,
      media_types: [
        { media_type: 'video', latency_ms_per_unit: 500, observed_units: 100, queued: 2, processing: 1 },
        { media_type: 'image', queued: 0, processing: 0 },
      ],
    });
  });

  it('is for callers who may read jobs', async () => {
    for (const route of ['/v1/status', '/v0.2/status/capacity', '/v0.2/status/latency?media_type=video'])
      expect((await fixture.request(route, { headers: { 'X-API-Key': 'nobody-knows-this-key' } })).status).toBe(401);
  });
});
