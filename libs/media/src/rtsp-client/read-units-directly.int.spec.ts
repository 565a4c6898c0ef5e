import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@nightjar/runtime';
import { startTestCamera, until } from '@nightjar/testing';
import type { Unit } from '../unit-timeline.js';
import { readUnitsDirectly } from './read-units-directly.js';

/** A picture each 66.7 ms; after a pause of this process, and so of the camera, times are drawn to our clock by a millisecond each. */
function expectEvenSteps(units: readonly Unit[]): void {
  const steps = units.slice(1).map(({ ptsMs }, index) => Math.round(ptsMs - (units[index]?.ptsMs ?? 0)));
  expect([Math.min(...steps) >= 66, Math.max(...steps) <= 68]).toEqual([true, true]);
}

let camera: Awaited<ReturnType<typeof startTestCamera>>;
let stopping: AbortController;

beforeAll(async () => {
  camera = await startTestCamera({ credentials: { user: 'admin', password: 'hunter2' }, authentication: 'digest' });
});
afterEach(() => {
  camera.resume();
  camera.breakDown(undefined);
});
afterAll(() => camera.close());

function read(
  url = camera.url,
  { onUnit = () => undefined, stallMs = 60_000 }: { onUnit?: (unit: Unit) => void; stallMs?: number } = {},
): Promise<never> {
  stopping = new AbortController();
  return readUnitsDirectly({ url, signal: stopping.signal, clock: systemClock, stallMs, onUnit });
}

describe('a camera that is read without FFmpeg (R8, R29)', () => {
  it('gives its units one after the other, beginning with a key frame, and is hung up on in order', async () => {
    const units: Unit[] = [];
    const reading = read(camera.url, { onUnit: (unit) => units.push(unit) });
    await until(() => units.length >= 20);
    stopping.abort();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
    await until(() => camera.sessionCount === 0);
    expect(units[0]).toMatchObject({ sequence: 0, codec: 'h264', isKey: true });
    expect(units[0]?.bytes.toString('hex')).toContain('0000000167');
    expectEvenSteps(units);
  });

  it('is not taken for silent when it was us who did nothing', async () => {
    let units = 0;
    const reading = read(camera.url, { onUnit: () => units++, stallMs: 800 });
    await until(() => units >= 5);
    const untilMs = performance.now() + 3_000;
    while (performance.now() < untilMs);
    units = 0;
    await Promise.race([until(() => units >= 5), reading]);
    stopping.abort();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each(['times_backwards', 'times_wrap'] as const)(
    'whose clock does "%s" gives all of its pictures, one after the other',
    async (fault) => {
      camera.breakDown(fault);
      const units: Unit[] = [];
      const reading = read(camera.url, { onUnit: (unit) => units.push(unit) });
      await until(() => units.length >= 95);
      stopping.abort();
      await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
      expectEvenSteps(units);
    },
  );

  it.each([
    ['reset', 'unavailable', 'the camera cut the connection'],
    ['close', 'unavailable', 'the stream of the camera ended'],
    ['unauthorised', 'unavailable', 'the camera refuses the user name or the password'],
    ['redirect', 'unavailable', 'the camera sends us to another address, which is not followed'],
    ['endless_headers', 'unavailable', /the camera does not (speak RTSP|answer)/],
    ['endless_description', 'unavailable', /the camera does not (speak RTSP|answer)/],
    ['garbage', 'unavailable', /the camera does not speak RTSP|no frame for/],
    ['truncated', 'unavailable', 'the stream of the camera ended'],
    ['wrong_codec', 'unprocessable', 'the camera is not understood: its video'],
    ['stall', 'unprocessable', 'no frame for 2 s'],
  ] as const)('that does "%s" is %s, with the reason', async (fault, code, message) => {
    camera.breakDown(fault);
    const error: unknown = await read(camera.url, fault === 'stall' ? { stallMs: 1_500 } : {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('is told that it was the password, or that nobody listens', async () => {
    const wrong = camera.url.replace('hunter2', 'wrong');
    await expect(read(wrong)).rejects.toMatchObject({ message: 'the camera refuses the user name or the password' });
    await expect(read('rtsp://127.0.0.1:9/none')).rejects.toMatchObject({ message: 'nobody listens at the address of the camera' });
    await expect(read(`${camera.url}-not`)).rejects.toMatchObject({ message: 'the camera has no stream at this address' });
  });
});
