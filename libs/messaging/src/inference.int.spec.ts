import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { inferenceQueue, inlinePictureBytesMax, type InferenceResult, type Lane } from '@nightjar/contracts';
import { AppError, createLogger, sleep, systemClock } from '@nightjar/runtime';
import { hasNatsServer, startTestBus } from '@nightjar/testing';
import { Bus } from './bus.js';
import { InferenceDispatcher } from './inference-dispatcher.js';
import { InferencePuller, type PulledWork } from './inference-puller.js';

const logger = createLogger({ service: 'spec', level: 'silent' });
const result: InferenceResult = {
  detections: [],
  picture: { w: 1, h: 1 },
  model: { name: 'm', version: '1', fingerprint: 'f' },
  latency_ms: 1,
};

const kinds = (await hasNatsServer()) ? (['nats-server', 'embedded broker'] as const) : (['embedded broker'] as const);

describe.each(kinds)('inference over the bus (%s)', (kind) => {
  let server: Awaited<ReturnType<typeof startTestBus>>;
  let agent: Bus;
  let adapter: Bus;
  let dispatcher: InferenceDispatcher;
  const pullers: InferencePuller[] = [];

  beforeAll(async () => {
    server = await startTestBus({ kind });
    agent = Bus.open({ url: server.url, name: 'agent', logger });
    adapter = Bus.open({ url: server.url, name: 'adapter', logger });
    await Promise.all([agent.ready(AbortSignal.timeout(5_000)), adapter.ready(AbortSignal.timeout(5_000))]);
    dispatcher = new InferenceDispatcher(agent, systemClock);
  });
  afterEach(async () => {
    await Promise.all(pullers.splice(0).map((puller) => puller.stop()));
  });
  afterAll(async () => {
    await agent.close();
    await adapter.close();
    await server.stop();
  });

  function pull(slots: number, run: (work: PulledWork, signal: AbortSignal) => Promise<InferenceResult>): void {
    const puller = new InferencePuller({ bus: adapter, capability: 'person_detection', slots, clock: systemClock, logger, run });
    pullers.push(puller);
    puller.start();
  }
  const infer = (lane: Lane, picture = Uint8Array.of(1, 2, 3), timeoutMs = 5_000) =>
    dispatcher.infer({ capability: 'person_detection', lane, source: 'camera_0', picture, timeoutMs });

  it('brings the picture to a free slot and its answer back', async () => {
    const seen: PulledWork[] = [];
    pull(2, async (work) => {
      seen.push(work);
      return { ...result, picture: { w: work.picture.length, h: 7 } };
    });
    await expect(infer('live')).resolves.toMatchObject({ picture: { w: 3, h: 7 } });
    await expect(infer('batch', Uint8Array.of(1))).resolves.toMatchObject({ picture: { w: 1, h: 7 } });
    expect(seen.map(({ lane, request, deliveries }) => [lane, request.source, deliveries])).toEqual([
      ['live', 'camera_0', 1],
      ['batch', 'camera_0', 1],
    ]);
  });

  it('never gives a puller more than its slots', async () => {
    let running = 0;
    let most = 0;
    pull(2, async () => {
      most = Math.max(most, ++running);
      await sleep(30);
      running--;
      return result;
    });
    await Promise.all(Array.from({ length: 20 }, (_, index) => infer(index % 2 ? 'live' : 'batch')));
    expect(most).toBe(2);
  });

  it('brings the adapter’s error to the caller', async () => {
    pull(1, async () => {
      throw new AppError('invalid_argument', 'not a picture');
    });
    await expect(infer('live')).rejects.toMatchObject({ code: 'invalid_argument', message: 'not a picture' });
  });

  it('tells the caller in time when nobody pulls, and drops what is late', async () => {
    await expect(infer('live', undefined, 300)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    let runs = 0;
    pull(1, async () => {
      runs++;
      return result;
    });
    await sleep(300);
    expect(runs).toBe(0);
  });

  it('lets batch work through while live work never ends', async () => {
    pull(1, async () => {
      await sleep(10);
      return result;
    });
    const stop = new AbortController();
    const flood = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stop.signal.aborted) await infer('live').catch(() => undefined);
      }),
    );
    await expect(infer('batch')).resolves.toEqual(result);
    stop.abort();
    await flood;
  });

  it('refuses a picture that is too large for the bus', async () => {
    await expect(infer('live', new Uint8Array(inlinePictureBytesMax + 1))).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('goes on when the server has forgotten its queues', async () => {
    pull(1, async () => result);
    await expect(infer('live')).resolves.toEqual(result);
    const manager = await jetstreamManager(agent.requireConnection());
    for (const lane of ['live', 'batch'] as const) await manager.streams.delete(inferenceQueue('person_detection', lane).streamName);
    await expect(infer('live')).resolves.toEqual(result);
    await expect(infer('batch')).resolves.toEqual(result);
  });

  it('answers overloaded at once when the queue is full', async () => {
    const calls = Array.from({ length: 300 }, () =>
      infer('live', undefined, 1_500).then(
        () => 'ok',
        (error: AppError) => error.code,
      ),
    );
    const codes = await Promise.all(calls);
    expect(codes.filter((code) => code === 'overloaded').length).toBeGreaterThanOrEqual(300 - 256);
    expect(new Set(codes)).toEqual(new Set(['overloaded', 'deadline_exceeded']));
  });
});
