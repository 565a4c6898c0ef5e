import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClipView } from '@nightjar/contracts';
import { createLogger, Health, Shutdown } from '@nightjar/runtime';
import { requireFfmpeg, startTestCamera, until } from '@nightjar/testing';
import type { RecorderConfig } from '../config.js';
import { startRecorder } from '../start-recorder.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const run = promisify(execFile);
const diskBytes = 24 * 1024 * 1024;

const recordingsDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-disk-'));
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', recordingsDir]).status === 0;
const needsMount = (name: string, test: () => void) =>
  isMounted
    ? describe(name, test)
    : it(`${name}: not checked here`, () => void process.stdout.write('a full disk needs the right to mount a small tmpfs\n'));

needsMount('a disk of recordings that', () => {
  const filler = path.join(recordingsDir, 'filler');
  let nvr: TestNvr;
  let camera: Awaited<ReturnType<typeof startTestCamera>>;
  let config: RecorderConfig;
  let recorderUrl: string;
  let shutdown: Shutdown;

  beforeAll(async () => {
    camera = await startTestCamera();
    nvr = await startTestNvr({ recordingsDir, cameraNetworks: ['127.0.0.0/8'] });
    const answer = await nvr.fetch('/api/v1/cameras', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'yard', rtsp_url: camera.url, frames_name: 'yard' }),
    });
    if (answer.status !== 200) throw new Error(await answer.text());
    const logger = createLogger({ service: 'nvr recorder', level: 'silent' });
    shutdown = new Shutdown({ logger });
    config = { ...nvr.config, retention: { ageMsMax: 0, usedBytesMax: 0, freeBytesMin: 0 }, segmentMs: 2_000 };
    recorderUrl = (await startRecorder({ logger, shutdown, health: new Health() }, config)).url;
  });
  afterAll(async () => {
    await shutdown.run('the test is over');
    await camera.close();
    await nvr.stop();
    await run('umount', [recordingsDir]);
    await rm(recordingsDir, { recursive: true, force: true });
  });

  async function clips(): Promise<ClipView[]> {
    const nowUnix = Date.now() / 1_000;
    const answer = await nvr.fetch(`/api/v1/recordings/yard?start_unix=${nowUnix - 3_600}&end_unix=${nowUnix + 60}`);
    return ((await answer.json()) as unknown[]).map((clip) => ClipView.parse(clip));
  }

  const newestUnix = async () => (await clips()).at(-1)?.end_unix ?? 0;

  async function condition(): Promise<{ ready: number; disk: string; state: string; degraded: string[] }> {
    const ready = await fetch(`${recorderUrl}/readyz`);
    const { checks } = (await ready.json()) as { checks: { disk: string } };
    const storage = (await (await nvr.fetch('/api/v1/recordings/storage')).json()) as { state: string; degraded: string[] };
    return { ready: ready.status, disk: checks.disk, ...storage };
  }

  async function expectDegradedSoon(code: string): Promise<void> {
    await until(async () => (await condition()).state === 'degraded');
    expect(await condition()).toMatchObject({ ready: 503, disk: expect.stringContaining(code), degraded: [expect.stringContaining(code)] });
  }

  async function expectRecordingAgainSoon(): Promise<void> {
    const mendedUnix = Date.now() / 1_000;
    await until(async () => (await newestUnix()) > mendedUnix && (await condition()).state === 'ok');
    expect(await condition()).toMatchObject({ ready: 200, disk: 'ok' });
  }

  async function expectAllWhole(): Promise<void> {
    const ffmpeg = await requireFfmpeg();
    const played = await mkdtemp(path.join(os.tmpdir(), 'nightjar-played-'));
    for (const clip of await clips()) {
      const { file } = await nvr.database.segment.findUniqueOrThrow({ where: { id: clip.id } });
      expect((await stat(path.join(recordingsDir, file))).size).toBeGreaterThanOrEqual(clip.size_bytes);
      const copy = path.join(played, 'clip.mp4');
      await writeFile(copy, Buffer.from(await (await nvr.fetch(clip.url)).arrayBuffer()));
      expect((await run(ffmpeg, ['-v', 'error', '-i', copy, '-f', 'null', '-'])).stderr).toBe('');
    }
    await rm(played, { recursive: true });
  }

  /** Takes what is free; what is left is less than a fragment. */
  async function fill(): Promise<void> {
    await run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096', 'conv=notrunc', 'oflag=append']).catch(() => undefined);
  }

  it('fills up is told within 10 s, leaves every listed recording whole, and is written again as soon as there is room', async () => {
    await until(async () => (await clips()).filter(({ open }) => !open).length >= 2);
    const connections = camera.acceptedCount;
    await fill();
    await expectDegradedSoon('ENOSPC');
    await expectAllWhole();
    await rm(filler);
    await expectRecordingAgainSoon();
    await expectAllWhole();
    // Who watches live saw nothing of it.
    expect(camera.acceptedCount).toBe(connections);
  });

  it('turns read-only is told within 10 s, also while nobody records, and is written again when it may be', async () => {
    camera.refuse();
    await until(async () => (await clips()).every(({ open }) => !open));
    await until(() =>
      run('mount', ['-o', 'remount,ro', recordingsDir]).then(
        () => true,
        () => false,
      ),
    );
    await expectDegradedSoon('EROFS');
    camera.resume();
    await run('mount', ['-o', `remount,rw,size=${diskBytes}`, recordingsDir]);
    await until(async () => (await clips()).some(({ open }) => open));
    await expectRecordingAgainSoon();
  });

  it('is short makes room at once: the oldest recordings go, those in protected ranges do not', async () => {
    const closed = (await clips()).filter(({ open }) => !open);
    const [first, second] = closed;
    if (!first || !second) throw new Error('too few clips');
    const middleUnix = (first.start_unix + first.end_unix) / 2;
    const made = await nvr.fetch('/api/v1/recordings/protections', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ camera_id: 'yard', start_unix: middleUnix, end_unix: middleUnix + 0.001 }),
    });
    expect(made.status).toBe(201);
    const { free_bytes: freeBytes } = (await (await nvr.fetch('/api/v1/recordings/storage')).json()) as { free_bytes: number };
    config.retention.freeBytesMin = freeBytes + second.size_bytes;
    await until(async () => !(await clips()).some(({ id }) => id === second.id));
    expect((await clips()).map(({ id }) => id)).toContain(first.id);
    config.retention.freeBytesMin = diskBytes;
    await until(async () => (await condition()).degraded.some((reason) => reason.includes('NIGHTJAR_RETENTION_FREE_BYTES')));
    expect((await clips()).map(({ id }) => id)).toContain(first.id);
    expect((await condition()).ready).toBe(200);
  });
});
