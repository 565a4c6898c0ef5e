import { describe, expect, it } from '@jest/globals';
import { DiskWork } from './disk-work.js';

const silent = { code: 'deadline_exceeded' };

describe('work on a disk', () => {
  it('that does not answer is given up after a while, and it gets no more before it has answered', async () => {
    const work = new DiskWork({ taskMsMax: 5 });
    let answer: () => void = () => undefined;
    const begun: string[] = [];
    const hanging = new Promise<void>((resolve) => (answer = resolve));
    const note = (name: string) => () => Promise.resolve(void begun.push(name));
    await expect(work.do('/away', () => hanging)).rejects.toMatchObject(silent);
    await expect(work.do('/away', note('too early'))).rejects.toMatchObject(silent);
    await work.do('/here', note('another disk'));
    answer();
    await hanging;
    await work.do('/away', note('answered'));
    expect(begun).toEqual(['another disk', 'answered']);
  });

  it('may take longer where it is said how long', async () => {
    const work = new DiskWork({ taskMsMax: 5 });
    const slow = () => new Promise<string>((resolve) => setTimeout(() => resolve('copied'), 30));
    expect(await work.do('/slow', slow, 60_000)).toBe('copied');
  });

  it('that fails tells what the disk said, and the next is done', async () => {
    const work = new DiskWork({ taskMsMax: 60_000 });
    await expect(work.do('/broken', () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO');
    expect(await work.do('/broken', () => Promise.resolve('mended'))).toBe('mended');
  });
});
