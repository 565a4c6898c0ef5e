import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { detectPersons, InFlightCalls } from './inference-calls.js';

const result = { detections: [], picture: { w: 1, h: 1 }, model: { name: 'm', version: '1', fingerprint: 'f' }, latency_ms: 1 };
const never = new AbortController().signal;
const call = { jobId: 'video_1', picture: new Uint8Array() };

describe('detectPersons', () => {
  it('asks again while all adapters are busy or away', async () => {
    const failures = [new AppError('overloaded', 'busy'), new AppError('unavailable', 'away')];
    const waits: string[] = [];
    const infer = () => {
      const failure = failures.shift();
      return failure ? Promise.reject(failure) : Promise.resolve(result);
    };
    expect(await detectPersons({ ...call, dispatcher: { infer }, signal: never, onWaiting: ({ code }) => waits.push(code) })).toBe(result);
    expect(waits).toEqual(['overloaded', 'unavailable']);
  });

  it('does not ask again about a picture that the model fails on', async () => {
    const infer = () => Promise.reject(new AppError('model_error', 'the engine died twice'));
    await expect(detectPersons({ ...call, dispatcher: { infer }, signal: never })).rejects.toMatchObject({
      code: 'model_error',
      details: { jobCode: 'inference_failed' },
    });
  });

  it('stops waiting on the signal', async () => {
    const stopping = new AbortController();
    const infer = () => Promise.reject(new AppError('unavailable', 'away', { retryAfterMs: 60_000 }));
    const asked = detectPersons({
      ...call,
      dispatcher: { infer },
      signal: stopping.signal,
      onWaiting: () => setTimeout(() => stopping.abort(new AppError('cancelled', 'stop')), 1),
    });
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
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
