import { afterEach, describe, expect, it } from '@jest/globals';
import { Patience } from './patience.js';

const waitMs = 60;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** As a process that is busy, or gets no CPU. */
function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

let overs: number;
let patience: Patience | undefined;
const wait = () => {
  overs = 0;
  patience = new Patience(waitMs, () => overs++);
  return patience;
};
afterEach(() => patience?.end());

describe('a wait for the other side', () => {
  it('is over when nothing comes, once, and not early', async () => {
    const startedMs = performance.now();
    await new Promise<void>((resolve) => (patience = new Patience(waitMs, resolve)));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(waitMs);
    wait();
    // When it is over on a machine that is busy elsewhere, nobody knows.
    while (overs === 0) await sleep(waitMs);
    await sleep(waitMs * 2);
    expect(overs).toBe(1);
  });

  it('begins anew with each sign of life', async () => {
    const waiting = wait();
    for (let sign = 0; sign < 8; sign++) {
      await sleep(waitMs / 4);
      waiting.refresh();
    }
    expect(overs).toBe(0);
  });

  it('does not count the time in which we did nothing', async () => {
    const waiting = wait();
    for (let times = 0; times < 4; times++) {
      block(waitMs * 2);
      await sleep(1);
    }
    expect(overs).toBe(0);
    waiting.end();
  });

  it('is not over before what came meanwhile was read', async () => {
    const waiting = wait();
    // What a socket has to say comes after the timers that are due, as this immediate of a round before does.
    const sign = setInterval(() => setImmediate(() => waiting.refresh()), waitMs / 2);
    await sleep(waitMs * 3);
    clearInterval(sign);
    expect(overs).toBe(0);
  });

  it('stands still while it is held, and is never over after its end', async () => {
    const waiting = wait();
    waiting.hold(true);
    await sleep(waitMs * 3);
    waiting.hold(false);
    await sleep(waitMs / 2);
    expect(overs).toBe(0);
    waiting.end();
    await sleep(waitMs * 2);
    expect(overs).toBe(0);
  });
});
