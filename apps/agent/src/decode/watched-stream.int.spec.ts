import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { UnitWatcher } from '../sampling/unit-watcher.js';
import { DecodePolicy } from './decode-policy.js';
import { WatchedStream } from './watched-stream.js';

const unitBytes = 512 * 1024;
const unitsPerGroup = 120;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-decoders-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a connection to a camera whose decoder is too slow', () => {
  it('counts each unit that the decoder did not get once', async () => {
    const idler = path.join(directory, 'idler');
    await writeFile(idler, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    const policy = new DecodePolicy({ idleAfterMs: 60_000 });
    policy.want('everything', 0);
    const watched = new WatchedStream({
      // It never reads what it is fed with.
      ffmpeg: { path: idler, version: '5.1', foundBy: 'PATH' },
      hardware: undefined,
      rotation: 0,
      picturesPerSecond: 2,
      policy,
      watcher: new UnitWatcher(),
      clock: new FakeClock(),
      logger: createLogger({ service: 'agent', level: 'silent' }),
      onPicture: () => undefined,
      onDecision: () => undefined,
      onFailure: () => undefined,
    });
    const bytes = Buffer.alloc(unitBytes);
    const droppedAfter: number[] = [];
    for (let sequence = 0; sequence < unitsPerGroup; sequence++) {
      const atMs = sequence * 40;
      const times = { ptsMs: atMs, arrivedUnixMs: atMs, arrivedMonotonicMs: atMs };
      watched.take({ sequence, codec: 'h264', bytes, isKey: sequence === 0, ...times });
      droppedAfter.push(watched.status.unitsDropped);
    }
    const fed = droppedAfter.lastIndexOf(0) + 1;
    expect(fed).toBeGreaterThan(0);
    expect(fed).toBeLessThan(unitsPerGroup);
    expect(droppedAfter).toEqual(droppedAfter.map((_, sequence) => Math.max(0, sequence + 1 - fed)));
    await watched.stop();
  });
});
