import { describe, expect, it } from '@jest/globals';
import { startTogether } from './start-together.js';

describe('steps that are started together', () => {
  it('all end before it does', async () => {
    const done: number[] = [];
    await startTogether(
      new AbortController().signal,
      [1, 2].map((step) => async () => void done.push(step)),
    );
    expect(done).toEqual([1, 2]);
  });

  it('are told of the first failure, waited for, and only it is thrown', async () => {
    const told: unknown[] = [];
    const waits = (signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          told.push(signal.reason);
          reject(new Error('a consequence'));
        });
      });
    const first = new Error('the cause');
    await expect(startTogether(new AbortController().signal, [waits, () => Promise.reject(first)])).rejects.toBe(first);
    expect(told).toEqual([first]);
  });

  it('do not start when it is over already', async () => {
    const over = AbortSignal.abort(new Error('stopped'));
    await expect(startTogether(over, [() => Promise.reject(new Error('must not run'))])).rejects.toThrow('stopped');
  });
});
