import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { inferenceQueue, inlinePictureBytesMax, type InferenceResult, type Lane } from '@nightjar/contracts';
import { AppError, createLogger, sleep, systemClock } from '@nightjar/runtime';
import { hasNatsServer, startTestBus, until } from '@nightjar/testing';
import { Bus } from './bus.js';
import { InferenceDispatcher } from './inference-dispatcher.js';
import { InferencePuller, type PulledWork } from './inference-puller.js';
import { ackWaitMs } from './inference-queue.js';

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
    const deadline = AbortSignal.timeout(60_000);
    await Promise.all([agent.ready(deadline), adapter.ready(deadline)]);
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
    const puller = new InferencePuller({ bus: adapter, capabilities: ['person_detection'], slots, clock: systemClock, logger, run });
    pullers.push(puller);
    puller.start();
  }
  const inferOnce = (lane: Lane, picture: Uint8Array, timeoutMs: number) =>
    dispatcher.infer({ capability: 'person_detection', lane, source: 'camera_0', picture, timeoutMs });
  /** What is live is thrown away when nobody took it for two seconds: on a machine that held it up for so long it is asked again. */
  const infer = async (lane: Lane, picture = Uint8Array.of(1, 2, 3)) => {
    for (let tries = 0; tries < 10; tries++) {
      try {
        return await inferOnce(lane, picture, 5_000);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'deadline_exceeded') throw error;
      }
    }
    throw new Error('nobody answers');
  };

  it('brings the picture to a free slot and its answer back', async () => {
    const seen: PulledWork[] = [];
    // One slot: of two, the server may send the second item to the one that is just about to stop listening, and count that.
    pull(1, async (work) => {
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
    await expect(inferOnce('live', Uint8Array.of(1), 300)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    let runs = 0;
    pull(1, async () => {
      runs++;
      return result;
    });
    await sleep(300);
    expect(runs).toBe(0);
  });

  it('gives one slot the work of several capabilities in turn, never two items at a time', async () => {
    let running = 0;
    let most = 0;
    const done: string[] = [];
    const several = new InferencePuller({
      bus: adapter,
      capabilities: ['object_detection', 'text_recognition'],
      slots: 1,
      clock: systemClock,
      logger,
      run: async ({ request }) => {
        most = Math.max(most, ++running);
        await sleep(5);
        running--;
        done.push(request.capability);
        return result;
      },
    });
    const ask = (capability: 'object_detection' | 'text_recognition') =>
      dispatcher.infer({ capability, lane: 'batch', source: 'video_1', picture: Uint8Array.of(1), timeoutMs: 60_000 });
    const asked = Promise.all([1, 2, 3, 4].flatMap(() => [ask('object_detection'), ask('text_recognition')]));
    // Both queues are full when it begins: nobody takes turns with one that is empty as yet.
    const manager = await jetstreamManager(agent.requireConnection());
    const waitingFor = (capability: 'object_detection' | 'text_recognition') =>
      manager.streams.info(inferenceQueue(capability, 'batch').streamName).then(
        ({ state }) => state.messages,
        () => 0,
      );
    await until(async () => (await waitingFor('object_detection')) === 4 && (await waitingFor('text_recognition')) === 4);
    several.start();
    await asked;
    await several.stop();
    expect(most).toBe(1);
    // Neither waits until the other's queue is empty.
    expect(new Set(done.slice(0, 4)).size).toBe(2);
  });

  it('loses no time with questions about one picture that come at the same moment', async () => {
    const capabilities = ['object_detection', 'face_detection', 'text_recognition'] as const;
    const askedAtMs = new Map<number, number>();
    const comeLateMs: number[] = [];
    const run = async ({ request, deliveries }: PulledWork) => {
      const tookMs = performance.now() - askedAtMs.get(Number(request.source))!;
      if (deliveries > 1 && tookMs >= ackWaitMs) comeLateMs.push(tookMs);
      return result;
    };
    const several = new InferencePuller({ bus: adapter, capabilities, slots: 2, clock: systemClock, logger, run });
    several.start();
    for (let round = 0; round < 100; round++) {
      askedAtMs.set(round, performance.now());
      await Promise.all(
        capabilities.map((capability) =>
          dispatcher.infer({ capability, lane: 'batch', source: String(round), picture: Uint8Array.of(1), timeoutMs: 60_000 }),
        ),
      );
    }
    await several.stop();
    // A server that finds nobody at an item's address sends it again at once. One that we took and threw away comes when its wait is over.
    expect(comeLateMs).toEqual([]);
  });

  it('stops the work of a caller that went away, and drops what waits for it', async () => {
    const leaving = new AbortController();
    const stopped: unknown[] = [];
    const sources: string[] = [];
    pull(1, ({ request }, signal) => {
      sources.push(request.source);
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          stopped.push(signal.reason);
          reject(signal.reason as Error);
        }),
      );
    });
    const ask = (source: string, { signal }: AbortController) =>
      dispatcher
        .infer({ capability: 'person_detection', lane: 'batch', source, picture: Uint8Array.of(1), timeoutMs: 60_000, signal })
        .catch((error: unknown) => error);
    const asked = Promise.all([1, 2, 3].map(() => ask('video_1', leaving)));
    await until(() => sources.length === 1);
    leaving.abort();
    expect(await asked).toMatchObject([{ code: 'cancelled' }, { code: 'cancelled' }, { code: 'cancelled' }]);
    await until(() => stopped.length === 1);
    expect(stopped[0]).toMatchObject({ code: 'cancelled' });
    // Whoever comes next finds a free slot, and not the other two.
    const leavingNext = new AbortController();
    const next = ask('video_2', leavingNext);
    await until(() => sources.length > 1);
    leavingNext.abort();
    expect(await next).toMatchObject({ code: 'cancelled' });
    expect(sources).toEqual(['video_1', 'video_2']);
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
    const leaving = new AbortController();
    const { messagesMax } = inferenceQueue('person_detection', 'batch');
    const call = {
      ...({ capability: 'person_detection', lane: 'batch', source: 'video_1' } as const),
      ...{ picture: Uint8Array.of(1, 2, 3), timeoutMs: 60_000, signal: leaving.signal },
    };
    const codes: string[] = [];
    const calls = Array.from({ length: messagesMax + 44 }, () =>
      dispatcher.infer(call).then(
        () => codes.push('ok'),
        (error: AppError) => codes.push(error.code),
      ),
    );
    await until(() => codes.length >= 44);
    // The others wait, and would for a minute.
    leaving.abort();
    await Promise.all(calls);
    expect(codes.filter((code) => code === 'overloaded').length).toBeGreaterThanOrEqual(44);
    expect(new Set(codes)).toEqual(new Set(['overloaded', 'cancelled']));
  });
});
