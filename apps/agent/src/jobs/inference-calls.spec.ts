import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { askAdapters, askIfPossible, InFlightCalls } from './inference-calls.js';

const result = { detections: [], picture: { w: 1, h: 1 }, model: { name: 'm', version: '1', fingerprint: 'f' }, latency_ms: 1 };
const never = new AbortController().signal;
const persons = { capability: 'person_detection', picture: new Uint8Array() } as const;
const faces = { capability: 'face_detection', picture: new Uint8Array() } as const;
const options = { jobId: 'video_1', signal: never };

const access = (infer: () => Promise<typeof result>, lacking = false) => ({
  dispatcher: { infer },
  capabilities: { lacks: () => lacking },
});

describe('askAdapters', () => {
  it('asks again while all adapters are busy or away', async () => {
    const failures = [new AppError('overloaded', 'busy'), new AppError('unavailable', 'away')];
    const waits: string[] = [];
    const infer = () => {
      const failure = failures.shift();
      return failure ? Promise.reject(failure) : Promise.resolve(result);
    };
    expect(await askAdapters(access(infer), persons, { ...options, onWaiting: ({ code }) => waits.push(code) })).toBe(result);
    expect(waits).toEqual(['overloaded', 'unavailable']);
  });

  it('does not ask again about a picture that the model fails on', async () => {
    const infer = () => Promise.reject(new AppError('model_error', 'the engine died twice'));
    await expect(askAdapters(access(infer), persons, options)).rejects.toMatchObject({
      code: 'model_error',
      details: { jobCode: 'inference_failed' },
    });
  });

  it('does not wait for a capability that no adapter has', async () => {
    const infer = () => Promise.reject(new Error('nobody should be asked'));
    await expect(askAdapters(access(infer, true), persons, options)).rejects.toMatchObject({ details: { jobCode: 'capability_missing' } });
  });

  it('stops waiting on the signal', async () => {
    const stopping = new AbortController();
    const infer = () => Promise.reject(new AppError('unavailable', 'away', { retryAfterMs: 60_000 }));
    const asked = askAdapters(access(infer), persons, {
      ...options,
      signal: stopping.signal,
      onWaiting: () => setTimeout(() => stopping.abort(new AppError('cancelled', 'stop')), 1),
    });
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('askIfPossible', () => {
  it('goes without where no adapter has the capability, and where the model fails on the picture', async () => {
    expect(
      await askIfPossible(
        access(() => Promise.resolve(result), true),
        faces,
        options,
      ),
    ).toBeUndefined();
    const failing = access(() => Promise.reject(new AppError('model_error', 'the engine died twice')));
    expect(await askIfPossible(failing, faces, options)).toBeUndefined();
  });

  it('does not take the end of the job for a missing capability', async () => {
    const stopped = access(() => Promise.reject(new AppError('cancelled', 'stop')));
    await expect(askIfPossible(stopped, faces, { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('InFlightCalls', () => {
  it('starts no more calls at a time than it may', async () => {
    const calls = new InFlightCalls(3);
    let running = 0;
    let most = 0;
    for (let index = 0; index < 10; index++) {
      await calls.start(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
      });
    }
    await calls.finish();
    expect([most, running]).toEqual([3, 0]);
  });

  it('hands the first failure to whoever starts the next call or waits for the end', async () => {
    const calls = new InFlightCalls(1);
    await calls.start(() => Promise.reject(new Error('first')));
    await expect(calls.start(() => Promise.resolve())).rejects.toThrow('first');
    await expect(calls.finish()).rejects.toThrow('first');
  });
});
