import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readRecorderState } from '@nightjar/contracts';
import { createLogger, FakeClock, systemClock } from '@nightjar/runtime';
import { AuditLog } from '../audit/audit-log.js';
import { CamerasStore } from '../cameras/cameras.store.js';
import { CameraErasure } from '../erasure/camera-erasure.js';
import { ErasedCamerasStore } from '../erasure/erased-cameras.store.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import type { RetentionBounds } from './choose-expired.js';
import { RetentionService } from './retention.service.js';
import { RetentionStore } from './retention.store.js';

const minuteMs = 60_000;
const dayMs = 24 * 3_600_000;
const firstMs = Date.UTC(2026, 5, 1, 12);
const fileBytes = 1_000;

let nvr: TestNvr;
let camera: { id: number; uuid: string };
beforeAll(async () => {
  nvr = await startTestNvr();
  const answer = await nvr.fetch('/api/v1/cameras', post({ name: 'yard', rtsp_url: 'rtsp://10.0.0.9/1', frames_name: 'yard' }));
  camera = (await answer.json()) as typeof camera;
});
afterAll(() => nvr.stop());
beforeEach(async () => {
  await nvr.database.segment.deleteMany();
  await nvr.database.protection.deleteMany();
});

function post(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** A file of a minute, `minute` minutes after the first, and its row. */
async function record(minute: number, changes: { open?: boolean; expiredAt?: Date; withoutFile?: boolean } = {}): Promise<string> {
  const { withoutFile = false, ...row } = changes;
  const startsAt = new Date(firstMs + minute * minuteMs);
  const file = `${camera.uuid}/${startsAt.toISOString().slice(0, 10)}/${startsAt.getTime()}.mp4`;
  await mkdir(path.join(nvr.config.recordingsDir, path.dirname(file)), { recursive: true });
  if (!withoutFile) await writeFile(path.join(nvr.config.recordingsDir, file), Buffer.alloc(fileBytes, 1));
  const endsAt = new Date(startsAt.getTime() + minuteMs);
  await nvr.database.segment.create({
    data: { cameraId: camera.id, file, startsAt, endsAt, sizeBytes: fileBytes, videoCodec: 'h264', open: false, ...row },
  });
  return file;
}

function retentionWith(bounds: Partial<RetentionBounds>, clock = new FakeClock(firstMs)): RetentionService {
  return new RetentionService(
    new RetentionStore(nvr.database),
    {
      ...nvr.config,
      segmentMs: 60_000,
      retention: { ageMsMax: 0, usedBytesMax: 0, freeBytesMin: 0, ...bounds },
    },
    createLogger({ service: 'nvr recorder', level: 'silent' }),
    clock,
  );
}

async function enforce(bounds: Partial<RetentionBounds>, clock?: FakeClock): Promise<RetentionService> {
  const retention = retentionWith(bounds, clock);
  expect(await retention.enforce(AbortSignal.timeout(60_000))).toBe(true);
  return retention;
}

async function minutesLeft(): Promise<number[]> {
  const rows = await nvr.database.segment.findMany({ orderBy: { startsAt: 'asc' } });
  const gone = await Promise.all(
    rows.map(({ file }) =>
      stat(path.join(nvr.config.recordingsDir, file)).then(
        () => false,
        () => true,
      ),
    ),
  );
  expect(gone.filter(Boolean)).toEqual([]);
  return rows.map(({ startsAt }) => (startsAt.getTime() - firstMs) / minuteMs);
}

describe('recordings that have to go', () => {
  it('go oldest first, file and row, and an emptied day with them', async () => {
    for (const minute of [0, 1, 2 * 24 * 60, 2 * 24 * 60 + 1]) await record(minute);
    await enforce({ usedBytesMax: 2_000 }, new FakeClock(firstMs + 9 * dayMs));
    expect(await minutesLeft()).toEqual([2_880, 2_881]);
    expect(await readdir(path.join(nvr.config.recordingsDir, camera.uuid))).toEqual(['2026-06-03']);
  });

  it('go in as many batches as it takes', async () => {
    for (let minute = 0; minute < 450; minute++) await record(minute);
    await enforce({ usedBytesMax: 20_000 });
    expect((await minutesLeft())[0]).toBe(430);
  });

  it('are never those in a protected range, nor the one that is being written; a bound that asks for them is told', async () => {
    for (const minute of [0, 1, 2, 3]) await record(minute);
    await record(4, { open: true });
    const range = { camera_id: 'yard', start_unix: (firstMs + minuteMs) / 1_000, end_unix: (firstMs + 2 * minuteMs + 1) / 1_000 };
    expect((await nvr.fetch('/api/v1/recordings/protections', post(range))).status).toBe(201);
    const retention = await enforce({ usedBytesMax: 1_000 });
    expect(await minutesLeft()).toEqual([1, 2, 4]);
    expect(retention.unmetBounds).toEqual(['used_bytes']);
    await nvr.database.protection.deleteMany();
    await retention.enforce(AbortSignal.timeout(60_000));
    expect([await minutesLeft(), retention.unmetBounds]).toEqual([[4], []]);
  });

  it('are gone from lists as soon as they are marked, and a run after a crash brings both halves to their end', async () => {
    await record(0, { expiredAt: new Date() });
    await record(1, { expiredAt: new Date(), withoutFile: true });
    await record(2);
    const listed = await nvr.fetch(`/api/v1/recordings/yard?start_unix=${firstMs / 1_000}&end_unix=${firstMs / 1_000 + 600}`);
    expect((await listed.json()) as unknown[]).toHaveLength(1);
    const day = path.join(nvr.config.recordingsDir, camera.uuid, '2026-06-01');
    expect(await readdir(day)).toContain(`${firstMs}.mp4`);
    await enforce({});
    expect([await minutesLeft(), (await readdir(day)).includes(`${firstMs}.mp4`)]).toEqual([[2], false]);
  });

  it('are not made older by a clock that is set ahead', async () => {
    await record(0);
    const clock = new FakeClock(firstMs + minuteMs);
    const retention = retentionWith({ ageMsMax: dayMs }, clock);
    // Set ahead by two days, though only a minute passes.
    Object.assign(clock, { wall: firstMs + 2 * dayMs });
    await retention.enforce(AbortSignal.timeout(60_000));
    expect(await minutesLeft()).toEqual([0]);
    clock.advance(2 * dayMs);
    await retention.enforce(AbortSignal.timeout(60_000));
    expect(await minutesLeft()).toEqual([]);
  });

  it('are never a file beside the recordings, whatever a row says', async () => {
    const outside = path.join(nvr.config.recordingsDir, '..', 'precious.mp4');
    await writeFile(outside, 'x');
    await nvr.database.segment.create({
      data: {
        cameraId: camera.id,
        file: '../precious.mp4',
        startsAt: new Date(firstMs),
        endsAt: new Date(firstMs + minuteMs),
        sizeBytes: 1,
        videoCodec: 'h264',
        open: false,
      },
    });
    await enforce({ ageMsMax: 1 });
    expect((await stat(outside)).size).toBe(1);
  });
});

describe('a camera that is erased', () => {
  const body = { confirmation: 'attic', password: adminPassword };
  const erase = (given: object, headers: Record<string, string> = {}) => {
    const { headers: json, ...init } = post(given);
    return nvr.fetch(`/api/v1/cameras/${attic.id}/hard-delete`, { ...init, headers: { ...(json as Record<string, string>), ...headers } });
  };
  let attic: { id: number; uuid: string };
  beforeAll(async () => {
    const answer = await nvr.fetch('/api/v1/cameras', post({ name: 'attic', rtsp_url: 'rtsp://10.0.0.8/1', frames_name: 'attic' }));
    attic = (await answer.json()) as typeof attic;
  });

  it('needs its name, and who asks shows again who he is', async () => {
    for (const [given, status] of [
      [{}, 422],
      [{ ...body, confirmation: 'yard' }, 422],
      [{ ...body, force: true }, 422],
      [{ confirmation: 'attic' }, 403],
      [{ ...body, password: 'wrong' }, 403],
    ] as const)
      expect([given, (await erase(given)).status]).toEqual([given, status]);
    const admin = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    await nvr.database.user.update({ where: { id: admin.id }, data: { totpEnabledAt: new Date() } });
    expect([(await erase(body)).status, (await erase(body, { 'x-mfa-code': '000000' })).status]).toEqual([403, 400]);
    await nvr.database.user.update({ where: { id: admin.id }, data: { totpEnabledAt: null } });
    expect((await nvr.fetch(`/api/v1/cameras/${attic.id}`)).status).toBe(200);
    const entries = await nvr.database.auditEntry.findMany({ where: { action: { in: ['confirmation.failed', 'mfa.failed'] } } });
    expect(entries.map(({ action }) => action)).toEqual(['confirmation.failed', 'mfa.failed']);
  });

  it('is seen by nobody at once, and in a while nothing is left of it: files, protected ones too, events, pictures, its row', async () => {
    const { config, database } = nvr;
    const directory = path.join(config.recordingsDir, attic.uuid);
    const kept = camera;
    camera = attic;
    await record(0);
    await record(1, { open: true });
    camera = kept;
    await record(2);
    const start_unix = firstMs / 1_000;
    await nvr.fetch('/api/v1/recordings/protections', post({ camera_id: 'attic', start_unix, end_unix: start_unix + 60 }));
    const pictures = [
      path.join(config.evidenceDir, attic.uuid),
      path.join(config.thumbnailsDir, attic.uuid),
      path.join(config.framesDir, 'attic'),
    ];
    for (const root of pictures) {
      await mkdir(root, { recursive: true });
      await writeFile(path.join(root, 'latest.jpg'), 'x');
    }
    const event = { source: 'tier0', eventType: 'track', startedAt: new Date() } as const;
    for (const cameraId of [attic.id, camera.id]) await database.event.create({ data: { ...event, cameraId } });

    expect((await erase(body)).status).toBe(202);
    expect([(await erase(body)).status, (await nvr.fetch(`/api/v1/cameras/${attic.id}`)).status]).toEqual([404, 404]);
    expect((await nvr.fetch(`/api/v1/cameras/${attic.id}/restore`, { method: 'POST' })).status).toBe(404);
    expect(await (await nvr.fetch('/api/v1/cameras/deleted')).json()).toEqual({ cameras: [], total: 0 });
    expect(await database.auditEntry.findFirst({ where: { action: 'camera.erased' } })).toMatchObject({ details: { name: 'attic' } });

    // The recorder has a minute to end what it writes, and then waits for it.
    await enforce({});
    expect(await readdir(directory)).toHaveLength(1);
    await database.camera.update({ where: { id: attic.id }, data: { erasedAt: new Date(Date.now() - 61_000) } });
    await enforce({});
    expect((await readdir(path.join(directory, '2026-06-01'))).length).toBe(1);
    const logger = createLogger({ service: 'nvr', level: 'silent' });
    const stores = [new ErasedCamerasStore(database), new CamerasStore(database), new AuditLog(database, systemClock, config)] as const;
    const erasure = new CameraErasure(...stores, nvr.bus, config, logger);
    await erasure.run(AbortSignal.timeout(60_000));
    expect(await database.camera.count({ where: { id: attic.id } })).toBe(1);
    await database.segment.updateMany({ where: { cameraId: attic.id }, data: { open: false } });
    await enforce({});
    await erasure.run(AbortSignal.timeout(60_000));
    for (const root of [directory, ...pictures]) await expect(stat(root)).rejects.toThrow('ENOENT');
    const where = { cameraId: attic.id };
    const left = [database.camera.count({ where: { id: attic.id } }), database.segment.count({ where }), database.event.count({ where })];
    expect(await Promise.all(left)).toEqual([0, 0, 0]);
    expect([await minutesLeft(), await database.event.count({ where: { cameraId: camera.id } })]).toEqual([[2], 1]);
  });
});

describe('protected ranges', () => {
  const range = { start_unix: firstMs / 1_000, end_unix: firstMs / 1_000 + 60.5 };

  it('are made, listed and removed', async () => {
    const made = await nvr.fetch('/api/v1/recordings/protections', post({ camera_id: camera.id, ...range, note: 'the parcel' }));
    const protection = (await made.json()) as { id: number };
    expect([made.status, protection]).toEqual([201, expect.objectContaining({ camera_id: camera.id, ...range, note: 'the parcel' })]);
    const list = async (query: string) => (await nvr.fetch(`/api/v1/recordings/protections${query}`)).json();
    expect(await list('?camera_id=yard')).toEqual({ protections: [protection], total: 1 });
    expect(await list('?skip=1')).toEqual({ protections: [], total: 1 });
    const remove = () => nvr.fetch(`/api/v1/recordings/protections/${protection.id}`, { method: 'DELETE' });
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 404]);
  });

  it.each([
    [{ camera_id: 'yard', start_unix: 5, end_unix: 5 }, 422],
    [{ camera_id: 'yard', start_unix: 0, end_unix: 2_678_401 }, 422],
    [{ camera_id: 'yard', ...range, note: 'x'.repeat(501) }, 422],
    [{ camera_id: 'yard', ...range, other: 1 }, 422],
    [{ camera_id: 99, ...range }, 404],
  ])('are refused as %j', async (body, status) => {
    expect((await nvr.fetch('/api/v1/recordings/protections', post(body))).status).toBe(status);
  });

  it('are seen by who sees the camera, changed by its owner and by operators, and hidden from everybody else', async () => {
    const password = 'a long enough Passw0rd';
    const [owner, viewer, stranger, operator] = await Promise.all(
      ['owner', 'viewer', 'stranger', 'operator'].map(async (username) => {
        const made = await nvr.fetch('/api/v1/users', post({ username, password, role_id: username === 'operator' ? 2 : 3 }));
        const { id } = (await made.json()) as { id: number };
        return { id, authorization: `Bearer ${await logIn(nvr.url, { username, password })}` };
      }),
    );
    if (!owner || !viewer || !stranger || !operator) throw new Error('no users');
    await nvr.database.camera.update({ where: { id: camera.id }, data: { ownerId: owner.id } });
    const granted = [viewer, operator].map(({ id: userId }) => ({ userId, cameraId: camera.id }));
    await nvr.database.cameraGrant.createMany({ data: granted });
    const ask = (user: { authorization: string }, pathname: string, init: RequestInit = {}) =>
      fetch(`${nvr.url}/api/v1/recordings/protections${pathname}`, {
        ...init,
        headers: { ...init.headers, authorization: user.authorization },
      });
    const body = { camera_id: 'yard', ...range };
    const tries = await Promise.all([owner, viewer, stranger].map((user) => ask(user, '', post(body))));
    expect(tries.map(({ status }) => status)).toEqual([201, 403, 404]);
    const { id } = (await tries[0]?.json()) as { id: number };
    const totals = await Promise.all(
      [owner, viewer, stranger].map(async (user) => ((await (await ask(user, '')).json()) as { total: number }).total),
    );
    expect(totals).toEqual([1, 1, 0]);
    const removals = [];
    for (const user of [stranger, viewer, owner]) removals.push((await ask(user, `/${id}`, { method: 'DELETE' })).status);
    expect(removals).toEqual([404, 403, 204]);
    const { id: second } = (await (await ask(operator, '', post(body))).json()) as { id: number };
    expect((await ask(operator, `/${second}`, { method: 'DELETE' })).status).toBe(204);
    const { logs } = (await (await nvr.fetch('/api/v1/audit-logs')).json()) as { logs: { action: string; entity_id: string }[] };
    const acts = ['recording.released', 'recording.protected'];
    // Who was refused stands there too.
    const changes = logs.filter(({ action }) => action !== 'access.refused').slice(0, 4);
    expect(changes.map(({ action, entity_id }) => [action, Number(entity_id)])).toEqual(
      [second, id].flatMap((which) => acts.map((act) => [act, which])),
    );
    const storage = await fetch(`${nvr.url}/api/v1/recordings/storage`, { headers: { authorization: stranger.authorization } });
    expect(await storage.json()).toMatchObject({ used_bytes: 0, cameras: [] });
  });
});

describe('the storage report', () => {
  it('tells what is used by camera, what is free, and that nobody records', async () => {
    await record(0);
    await record(5);
    const report = await (await nvr.fetch('/api/v1/recordings/storage')).json();
    expect(report).toEqual({
      state: 'degraded',
      degraded: ['the recorder does not answer'],
      used_bytes: 2_000,
      free_bytes: expect.any(Number),
      total_bytes: expect.any(Number),
      archive: null,
      forecast_days_left: null,
      bounds: { days: null, used_bytes: null, free_bytes: null },
      cameras: [
        {
          camera_id: camera.id,
          name: 'yard',
          used_bytes: 2_000,
          clips: 2,
          oldest_unix: firstMs / 1_000,
          newest_unix: firstMs / 1_000 + 360,
        },
      ],
    });
  });

  it('passes on what the recorder says', async () => {
    const degraded = ['recordings cannot be written (ENOSPC)'];
    nvr.bus.serve(readRecorderState, () => ({ degraded }));
    // The API has a connection of its own, on which it might ask before ours has said that it answers.
    await nvr.bus.requireConnection().flush();
    expect(await (await nvr.fetch('/api/v1/recordings/storage')).json()).toMatchObject({ state: 'degraded', degraded });
  });
});
