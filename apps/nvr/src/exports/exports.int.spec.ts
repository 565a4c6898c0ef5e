import { execFile, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTestVideo, requireFfmpeg, until } from '@nightjar/testing';
import { addCamera, addRecording, addViewer, jsonRequest, type TestCameraRow } from '../playback/recorded-time.fixture.js';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { ExportFiles } from './export-files.js';
import { ExportsStore } from './exports.store.js';

const run = promisify(execFile);
const t0Unix = Date.UTC(2026, 5, 1, 12) / 1_000;
const fileSeconds = 6;
const framesPerSecond = 15;

interface ExportView {
  id: string;
  state: string;
  progress: number;
  error: string | null;
  [field: string]: unknown;
}

let nvr: TestNvr;
let directory: string;
let yard: TestCameraRow;
let viewer: string;
beforeAll(async () => {
  [nvr, directory] = await Promise.all([startTestNvr(), mkdtemp(path.join(os.tmpdir(), 'nightjar-exports-'))]);
  const video = await makeTestVideo({ file: path.join(directory, 'source.mp4'), seconds: fileSeconds });
  const content = await writeRecordedFile({ video, recordingsDir: directory, name: 'recorded.mp4' });
  yard = await addCamera(nvr, 'yard', 1);
  for (const second of [0, 6])
    await addRecording(nvr, { camera: yard, content, startsAtMs: (t0Unix + second) * 1_000, durationMs: fileSeconds * 1_000 });
  viewer = await addViewer(nvr, { username: 'vera', cameras: [yard] });
});
afterAll(async () => {
  await nvr.stop();
  await rm(directory, { recursive: true });
});

const withToken = (token: string, pathname: string, init: RequestInit = {}) =>
  fetch(`${nvr.url}${pathname}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
const exportFiles = () => readdir(nvr.config.exports.directory).catch(() => []);

async function framesOf(answer: Response): Promise<number> {
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'video/mp4']);
  const file = path.join(directory, 'exported.mp4');
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  const { stderr, stdout } = await run(await requireFfmpeg(), ['-v', 'error', '-i', file, '-vsync', 'passthrough', '-f', 'framemd5', '-']);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line.startsWith('0,')).length;
}

async function ask(body: Record<string, unknown> = {}, token = nvr.token): Promise<ExportView> {
  const wanted = { camera_id: 'yard', start: t0Unix, end: t0Unix + 12, ...body };
  const answer = await withToken(token, '/api/v1/exports', jsonRequest('POST', wanted));
  expect(answer.status).toBe(202);
  const added = (await answer.json()) as ExportView;
  expect(answer.headers.get('location')).toBe(`/api/v1/exports/${added.id}`);
  return added;
}

const show = async (id: string) => (await (await nvr.fetch(`/api/v1/exports/${id}`)).json()) as ExportView;

async function whenOver(id: string): Promise<ExportView> {
  await until(async () => !['queued', 'running'].includes((await show(id)).state));
  return show(id);
}

/** A row as another process left it. */
function leftBehind(changes: { attempts: number; leasedForMs: number }): Promise<{ id: string }> {
  const times = { startsAt: new Date(t0Unix * 1_000), endsAt: new Date((t0Unix + 6) * 1_000) };
  return nvr.database.export.create({
    data: {
      ...times,
      id: randomUUID(),
      owner: 'user:1',
      userId: 1,
      cameraId: yard.id,
      fileName: 'left.mp4',
      state: 'running',
      attempts: changes.attempts,
      leaseId: randomUUID(),
      leasedUntil: new Date(Date.now() + changes.leasedForMs),
    },
  });
}

describe('an export by ticket', () => {
  const ticketFor = (body: Record<string, unknown> = {}, token = viewer) =>
    withToken(
      token,
      '/api/v1/recordings/export/ticket',
      jsonRequest('POST', {
        camera_id: yard.id,
        start: new Date(t0Unix * 1_000).toISOString(),
        duration: 12,
        filename: 'the parcel',
        ...body,
      }),
    );
  const urlOf = async (answer: Response) => `${nvr.url}${((await answer.json()) as { download_url: string }).download_url}`;

  it('is downloaded once, under the wanted name', async () => {
    const answer = await ticketFor();
    expect(await nvr.database.auditEntry.findMany({ where: { action: 'export.made', entityId: null } })).toMatchObject([
      {
        actorName: 'vera',
        details: {
          camera_id: yard.id,
          start: new Date(t0Unix * 1_000).toISOString(),
          end: new Date((t0Unix + 12) * 1_000).toISOString(),
        },
      },
    ]);
    expect(await answer.clone().json()).toEqual({
      ticket: expect.any(String),
      download_url: expect.stringMatching(/^\/api\/v1\/recordings\/export\?ticket=/),
      expires_in_seconds: 300,
    });
    const url = await urlOf(answer);
    const head = await fetch(url, { method: 'HEAD' });
    const download = await fetch(url);
    expect(download.headers.get('content-disposition')).toBe('attachment; filename="the parcel.mp4"');
    expect(head.headers.get('content-length')).toBe(download.headers.get('content-length'));
    expect(await framesOf(download)).toBe(12 * framesPerSecond);
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(`${nvr.url}/api/v1/recordings/export?ticket=made-up`)).status).toBe(403);
    expect((await nvr.fetch('/api/v1/recordings/export?ticket=made-up')).status).toBe(403);
    expect((await nvr.fetch('/api/v1/recordings/export')).status).toBe(422);
  });

  it('of two that come at once with one ticket, one gets it', async () => {
    const url = await urlOf(await ticketFor());
    const answers = await Promise.all([1, 2, 3].map(() => fetch(url)));
    for (const { body } of answers) await body?.cancel();
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
  });

  it.each([
    ['longer than four hours', { duration: 14_401 }, 422],
    ['named like a path', { filename: '../../etc/passwd' }, 422],
    ['named like a header', { filename: 'a"\r\nx: y' }, 422],
    ['of a camera that nobody knows', { camera_id: 'nobody' }, 404],
  ])('is refused when it is %s', async (_what, body, status) => {
    expect((await ticketFor(body)).status).toBe(status);
  });

  it('of a time that was not recorded is not found', async () => {
    expect((await fetch(await urlOf(await ticketFor({ start: t0Unix + 500 })))).status).toBe(404);
  });
});

describe('an export in the background', () => {
  it('goes from queued to ready, is fetched in whole, in part, and by ticket, and is removed', async () => {
    const added = await ask({ start: new Date(t0Unix * 1_000).toISOString(), filename: 'Hof Süd' });
    expect(added).toMatchObject({
      state: 'queued',
      progress: 0,
      camera_id: yard.id,
      filename: 'Hof Süd.mp4',
      error: null,
      expires_at: null,
    });
    const ready = await whenOver(added.id);
    expect(ready).toMatchObject({ state: 'ready', progress: 1, error: null, expires_at: expect.any(String) });
    const file = `/api/v1/exports/${added.id}/file`;
    const whole = await nvr.fetch(file);
    expect(whole.headers.get('content-disposition')).toBe(`attachment; filename="Hof S_d.mp4"; filename*=UTF-8''Hof%20S%C3%BCd.mp4`);
    expect(Number(whole.headers.get('content-length'))).toBe(ready.bytes_total);
    expect(await framesOf(whole)).toBe(12 * framesPerSecond);
    const part = await nvr.fetch(file, { headers: { range: 'bytes=4-7' } });
    expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
    const ticket = (await (await nvr.fetch(`/api/v1/exports/${added.id}/ticket`, { method: 'POST' })).json()) as { download_url: string };
    for (let download = 0; download < 2; download++)
      expect(await framesOf(await fetch(`${nvr.url}${ticket.download_url}`))).toBe(12 * framesPerSecond);
    const listed = (await (await nvr.fetch('/api/v1/exports?limit=1')).json()) as { exports: ExportView[] };
    expect(listed).toEqual({ exports: [await show(added.id)], total: 1 });
    expect((await nvr.fetch(`/api/v1/exports/${added.id}/cancel`, { method: 'POST' })).status).toBe(409);
    expect((await nvr.fetch(`/api/v1/exports/${added.id}`, { method: 'DELETE' })).status).toBe(204);
    expect([(await nvr.fetch(file)).status, (await fetch(`${nvr.url}${ticket.download_url}`)).status]).toEqual([404, 401]);
    expect(await exportFiles()).toEqual([]);
  });

  it('fails with its reason when there is nothing to export, or no room for it, and leaves nothing', async () => {
    const empty = await whenOver((await ask({ start: t0Unix + 500, end: t0Unix + 600 })).id);
    expect(empty).toMatchObject({ state: 'failed', error: 'nothing is recorded in this range' });
    nvr.config.exports.bytesMax = 1_000;
    const large = await whenOver((await ask()).id);
    nvr.config.exports.bytesMax = 0;
    expect(large).toMatchObject({ state: 'failed', error: expect.stringContaining('exports may take 1000 bytes together') });
    nvr.config.retention.freeBytesMin = Number.MAX_SAFE_INTEGER;
    const short = await whenOver((await ask()).id);
    nvr.config.retention.freeBytesMin = 0;
    expect(short).toMatchObject({ state: 'failed', error: expect.stringContaining('nearly full') });
    expect(await exportFiles()).toEqual([]);
    expect((await nvr.fetch(`/api/v1/exports/${large.id}/file`)).status).toBe(409);
  });

  it('stands in the audit log with its camera and range, and one that was refused does not', async () => {
    const { id } = await ask({}, viewer);
    const entries = () => nvr.database.auditEntry.findMany({ where: { action: 'export.made' }, orderBy: { id: 'desc' } });
    const [entry, ...earlier] = await entries();
    expect(entry).toMatchObject({
      actorName: 'vera',
      entityType: 'export',
      entityId: id,
      details: {
        camera_id: yard.id,
        start: new Date(t0Unix * 1_000).toISOString(),
        end: new Date((t0Unix + 12) * 1_000).toISOString(),
      },
    });
    const nowhere = { camera_id: 'nowhere', start: t0Unix, end: t0Unix + 1 };
    expect((await withToken(viewer, '/api/v1/exports', jsonRequest('POST', nowhere))).status).toBe(404);
    expect(await entries()).toEqual([entry, ...earlier]);
  });

  it('whose process was killed is made by another one; one that was interrupted too often has failed', async () => {
    const [once, often] = [await leftBehind({ attempts: 1, leasedForMs: -1_000 }), await leftBehind({ attempts: 3, leasedForMs: -1_000 })];
    await ask();
    expect(await whenOver(once.id)).toMatchObject({ state: 'ready', progress: 1 });
    expect(await whenOver(often.id)).toMatchObject({ state: 'failed', error: 'it was interrupted too often' });
  });

  it('that is cancelled is not ended by who made it', async () => {
    const { id } = await leftBehind({ attempts: 1, leasedForMs: 60_000 });
    const { leaseId } = await nvr.database.export.findUniqueOrThrow({ where: { id } });
    const lease = { id, leaseId: leaseId ?? '' };
    const store = new ExportsStore(nvr.database);
    expect(await store.beat({ ...lease, leaseMs: 60_000, bytesDone: 5, bytesTotal: 10 })).toBe(true);
    expect(await show(id)).toMatchObject({ state: 'running', progress: 0.5 });
    expect((await nvr.fetch(`/api/v1/exports/${id}/cancel`, { method: 'POST' })).status).toBe(200);
    expect(await store.beat({ ...lease, leaseMs: 60_000, bytesDone: 6, bytesTotal: 10 })).toBe(false);
    expect(await store.finish(lease, { state: 'ready', bytes: 10 }, 1_000)).toBe(false);
    expect(await show(id)).toMatchObject({ state: 'cancelled' });
  });

  it('is one of ten of its owner that are not ready', async () => {
    const others = await Promise.all(Array.from({ length: 10 }, () => leftBehind({ attempts: 1, leasedForMs: 60_000 })));
    const answer = await nvr.fetch('/api/v1/exports', jsonRequest('POST', { camera_id: 'yard', start: t0Unix, end: t0Unix + 1 }));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '30']);
    await nvr.database.export.deleteMany({ where: { id: { in: others.map(({ id }) => id) } } });
  });

  it('is nothing for anybody else, nor for its owner once he lost the camera', async () => {
    const { id } = await ask({}, viewer);
    await until(async () => ((await (await withToken(viewer, `/api/v1/exports/${id}`)).json()) as ExportView).state === 'ready');
    const ticket = (await (await withToken(viewer, `/api/v1/exports/${id}/ticket`, { method: 'POST' })).json()) as { download_url: string };
    const routes: [string, string][] = [
      ['GET', ''],
      ['GET', '/file'],
      ['POST', '/ticket'],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ];
    const statuses = (token: string) =>
      Promise.all(routes.map(async ([method, rest]) => (await withToken(token, `/api/v1/exports/${id}${rest}`, { method })).status));
    expect(await statuses(nvr.token)).toEqual([404, 404, 404, 404, 404]);
    const { id: userId } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'vera' } });
    const grant = (ids: number[]) => nvr.fetch(`/api/v1/users/${userId}/cameras`, jsonRequest('PUT', { camera_ids: ids }));
    await grant([]);
    expect(await statuses(viewer)).toEqual([404, 404, 404, 404, 404]);
    expect((await fetch(`${nvr.url}${ticket.download_url}`)).status).toBe(404);
    expect(await (await withToken(viewer, '/api/v1/exports')).json()).toEqual({ exports: [], total: 0 });
    const asked = await withToken(viewer, '/api/v1/exports', jsonRequest('POST', { camera_id: 'yard', start: t0Unix, end: t0Unix + 1 }));
    expect(asked.status).toBe(404);
    await grant([yard.id]);
    const answer = await fetch(`${nvr.url}${ticket.download_url}`);
    await answer.body?.cancel();
    expect(answer.status).toBe(200);
  });

  it('goes when its time has come, and a file that nobody knows goes too', async () => {
    const { id } = await leftBehind({ attempts: 1, leasedForMs: 60_000 });
    const store = new ExportsStore(nvr.database);
    await nvr.database.export.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1_000) } });
    // The NVR looks for them too.
    await store.removeExpired();
    expect(await nvr.database.export.findUnique({ where: { id } })).toBeNull();
    const files = new ExportFiles(path.join(directory, 'exports'));
    const orphan = { id, leaseId: randomUUID() };
    await files.write(
      orphan,
      (async function* () {
        yield Buffer.from('x');
      })(),
      () => undefined,
    );
    expect(await store.knownLeases([orphan.leaseId])).toEqual(new Set());
    const file = (await files.list()).get(orphan.leaseId) ?? '';
    expect(await files.removeOrphan(file, 60_000)).toBe(false);
    await utimes(file, 1, 1);
    expect(await files.removeOrphan(file, 60_000)).toBe(true);
  });
});

describe('a disk that fills up while an export is written', () => {
  it('is the error of the write, and nothing is left on it', async () => {
    const small = await mkdtemp(path.join(os.tmpdir(), 'nightjar-small-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=65536', 'tmpfs', small]).status !== 0)
      return void process.stdout.write('a full disk needs the right to mount a small tmpfs\n');
    try {
      const files = new ExportFiles(small);
      const content = async function* () {
        for (let chunk = 0; chunk < 10; chunk++) yield Buffer.alloc(16_384);
      };
      const name = { id: randomUUID(), leaseId: randomUUID() };
      await expect(files.write(name, content(), () => undefined)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(await readdir(small)).toEqual([]);
    } finally {
      await run('umount', [small]);
      await rm(small, { recursive: true });
    }
  });
});
