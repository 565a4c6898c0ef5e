import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { endWhenSilent } from './end-when-silent.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a stream that is read with an eye on its silence', () => {
  it('is given the time that is asked for before each chunk, and ends when that is over', async () => {
    const stream = new PassThrough();
    let msMax = 600_000;
    let wasSilent = false;
    const onSilence = () => {
      wasSilent = true;
      stream.destroy();
    };
    const got: string[] = [];
    const reading = (async () => {
      for await (const chunk of endWhenSilent(stream, { msMax: () => msMax, onSilence })) {
        got.push(String(chunk));
        if (got.length === 2) msMax = 20;
      }
    })();
    stream.write('begin');
    await pause(100);
    // Longer than what comes later may let wait.
    expect(wasSilent).toBe(false);
    stream.write('first fragment');
    await reading;
    expect([got, wasSilent]).toEqual([['begin', 'first fragment'], true]);
  });
});
