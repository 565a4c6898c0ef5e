import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { SegmentQueue, type QueuedGroup } from './segment-queue.js';
import { StreamClock } from './stream-clock.js';

const mebibyte = 1024 * 1024;

/** A disk of which each write waits until it is answered. */
class SlowDisk {
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  private readonly waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  isFast = false;
  probed: string | undefined;

  ask(what: string): Promise<void> {
    this.asked.push(what);
    return this.isFast ? Promise.resolve() : new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  answer(): void {
    this.waiting.shift()?.resolve();
  }

  refuse(code: string): void {
    this.waiting.shift()?.reject(Object.assign(new Error(code), { code, errno: -28 }));
  }
}

function makeQueue({ writeMsMax = 60_000 } = {}) {
  const clock = new FakeClock();
  const disk = new SlowDisk();
  const said: string[] = [];
  const note = (message: string) => void said.push(message);
  const queue = new SegmentQueue({
    cameraId: 1,
    prepare: () => Promise.resolve(),
    probe: () => Promise.resolve(disk.probed),
    clock,
    logger: { error: note, info: note },
    writeMsMax,
  });
  const writerOf = (name: string) => ({
    write: ({ startTicks }: QueuedGroup['fragment']) => disk.ask(`${name}${startTicks}`),
    close: () => disk.ask(`${name} ends`),
    endFileAtKeyFrame: () => void disk.asked.push(`${name} shifts`),
  });
  const times = new StreamClock().known;
  const put = (startTicks: number, { startsWithKeyFrame = false, sizeBytes = 10, isShifted = false } = {}) =>
    queue.put({
      fragment: { startTicks, durationTicks: 1, startsWithKeyFrame, piecesFrom: () => [Buffer.alloc(sizeBytes)] },
      times,
      isShifted,
    });
  queue.begin(writerOf('a'));
  return { clock, disk, put, queue, said, writerOf };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('what waits to be written of a camera', () => {
  it('is written one after the other, from the first key frame on, without anybody waiting for it', async () => {
    const { disk, put, queue } = makeQueue();
    put(0);
    put(1, { startsWithKeyFrame: true });
    put(2, { isShifted: true });
    await settled();
    expect(disk.asked).toEqual(['a1']);
    disk.isFast = true;
    disk.answer();
    await queue.end();
    expect(disk.asked).toEqual(['a1', 'a shifts', 'a2', 'a ends']);
  });

  it('is dropped with an error of the disk, which is said; a key frame is tried after 2 s, and it is well when that is written', async () => {
    const { clock, disk, put, queue, said } = makeQueue();
    put(1, { startsWithKeyFrame: true });
    put(2);
    await settled();
    disk.isFast = true;
    disk.refuse('ENOSPC');
    await until(() => queue.problem === 'ENOSPC');
    put(3, { startsWithKeyFrame: true });
    clock.advance(2_000);
    put(4);
    await settled();
    expect([disk.asked, queue.problem]).toEqual([['a1', 'a ends'], 'ENOSPC']);
    put(5, { startsWithKeyFrame: true });
    await until(() => queue.problem === undefined);
    expect([disk.asked.at(-1), said]).toEqual([
      'a5',
      ['recordings of a camera cannot be written, it is tried again', 'recordings of a camera can be written again'],
    ]);
  });

  it('is dropped while the disk hangs; nobody waits for its end, and connections that come add no write', async () => {
    const { clock, disk, put, queue, writerOf } = makeQueue({ writeMsMax: 30 });
    put(1, { startsWithKeyFrame: true });
    put(2);
    await until(() => queue.problem === 'ETIMEDOUT');
    await queue.end();
    queue.begin(writerOf('b'));
    clock.advance(2_000);
    put(10, { startsWithKeyFrame: true });
    await queue.end();
    queue.begin(writerOf('c'));
    expect(disk.asked).toEqual(['a1']);
    disk.isFast = true;
    disk.answer();
    await until(() => queue.problem === undefined);
    put(20, { startsWithKeyFrame: true });
    await until(() => disk.asked.includes('c20'));
    expect(disk.asked.filter((what) => what !== 'a ends')).toEqual(['a1', 'c20']);
    expect(disk.asked[1]).toBe('a ends');
  });

  it('is dropped when it gets more than memory is meant for: the file ends with its last whole fragment', async () => {
    const { clock, disk, put, queue } = makeQueue();
    put(1, { startsWithKeyFrame: true });
    for (let startTicks = 2; startTicks < 6; startTicks++) put(startTicks, { sizeBytes: 5 * mebibyte });
    expect(queue.problem).toBe('ETIMEDOUT');
    disk.isFast = true;
    disk.answer();
    await until(() => disk.asked.includes('a ends'));
    clock.advance(2_000);
    put(9, { startsWithKeyFrame: true });
    await queue.end();
    expect([disk.asked, queue.problem]).toEqual([['a1', 'a ends', 'a9', 'a ends'], undefined]);
  });

  it('is well again when the disk can be written, though the camera is away', async () => {
    const { disk, put, queue } = makeQueue();
    put(1, { startsWithKeyFrame: true });
    await settled();
    disk.isFast = true;
    disk.refuse('EROFS');
    await queue.end();
    disk.probed = 'EROFS';
    await queue.look();
    expect(queue.problem).toBe('EROFS');
    disk.probed = undefined;
    await queue.look();
    expect(queue.problem).toBeUndefined();
  });

  it('ends the connection where it is not the disk that fails', async () => {
    const { disk, put, queue } = makeQueue();
    disk.ask = () => Promise.reject(new Error('a mistake'));
    put(1, { startsWithKeyFrame: true });
    await settled();
    expect(() => put(2)).toThrow('a mistake');
    expect(queue.problem).toBeUndefined();
    await expect(queue.end()).rejects.toThrow('a mistake');
  });
});
