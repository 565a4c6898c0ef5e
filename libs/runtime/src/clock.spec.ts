import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { deadlineSignal, pause, sleep } from './clock.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Nothing but its listener remembers the signal: that is how a call on its way waits for its deadline. */
function aborted(makeSignal: () => AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    const signal = makeSignal();
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

describe('a deadline', () => {
  it('passes also when garbage was collected meanwhile', async () => {
    const longLived = new AbortController();
    const reasons = Promise.all(Array.from({ length: 20 }, () => aborted(() => deadlineSignal(100, longLived.signal))));
    await sleep(20);
    collectGarbage();
    const settled = new AbortController();
    const late = pause(2_000, settled.signal);
    expect(await Promise.race([reasons, late])).toEqual(Array(20).fill(expect.objectContaining({ name: 'TimeoutError' })));
    settled.abort();
  });

  it('comes early with the first of its signals, with its reason', async () => {
    const controller = new AbortController();
    const reason = aborted(() => deadlineSignal(60_000, undefined, controller.signal));
    controller.abort('enough');
    expect(await reason).toBe('enough');
  });

  it('is over at once with a signal that has aborted already', () => {
    expect(deadlineSignal(60_000, AbortSignal.abort('before'))).toMatchObject({ aborted: true, reason: 'before' });
  });

  it('passes once: what aborts later changes nothing', async () => {
    const controller = new AbortController();
    const signal = deadlineSignal(1, controller.signal);
    await sleep(20);
    controller.abort('late');
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a pause', () => {
  it('is over after its time, or as soon as its signal aborts, and never throws', async () => {
    const controller = new AbortController();
    const startedAtMs = performance.now();
    await pause(30, controller.signal);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(29);
    const long = pause(600_000, controller.signal);
    controller.abort(new Error('stop'));
    await expect(long).resolves.toBeUndefined();
    await expect(pause(600_000, controller.signal)).resolves.toBeUndefined();
  });
});
