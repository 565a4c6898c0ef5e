import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SecretBox } from '@nightjar/auth';
import { facesChanged, listFaces, packEmbedding, removeFace, saveFace, unpackEmbedding, type RegisteredFace } from '@nightjar/contracts';
import { openNvrDatabase, orUnavailable } from '@nightjar/database';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import type { z } from 'zod';
import { makeServiceRoles } from '../service-roles.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { FacesService } from './faces.service.js';
import { FacesStore } from './faces.store.js';

const timeoutMs = 60_000;
const embeddingSize = 256;

let nvr: TestNvr;
let store: FacesStore;
beforeAll(async () => {
  nvr = await startTestNvr();
  // A second process of the NVR, as far as rows can tell.
  store = new FacesStore(nvr.database);
});
afterAll(() => nvr.stop());
beforeEach(async () => {
  // Not TRUNCATE: its table locks and those of a reader wait for each other. Writers take the row of the registry first.
  await nvr.database.$transaction([
    nvr.database.$executeRaw`DELETE FROM nvr.face_registry`,
    nvr.database.$executeRaw`DELETE FROM nvr.face`,
    nvr.database.$executeRaw`DELETE FROM nvr.face_removal`,
  ]);
});

const embeddingOf = (seed: number) => Float32Array.from({ length: embeddingSize }, (_, index) => Math.fround(Math.sin(seed * 100 + index)));

function face(personId: string, changes: Partial<z.input<typeof saveFace.request>> = {}): z.infer<typeof saveFace.request> {
  const details = { person_id: personId, name: 'A person', category: 'visitor', model_name: 'faceres', model_fingerprint: 'f1' };
  return saveFace.request.parse({ ...details, embedding_size: embeddingSize, ...changes });
}

/** As another process of the NVR would write it. */
const storedFields = { name: 'B', category: 'vip', metadata: null, modelName: 'm', modelFingerprint: 'f', embeddingSize };

async function save(request: z.infer<typeof saveFace.request>, embedding = embeddingOf(1)) {
  return (await nvr.bus.requestWithBody(saveFace, request, { timeoutMs, body: packEmbedding(embedding) })).value;
}

const remove = (personId: string) => nvr.bus.request(removeFace, { person_id: personId }, { timeoutMs });

async function list(reader: { after: number; began?: number; limit?: number }) {
  const request = { after_revision: reader.after, began_at_revision: reader.began ?? 0, limit: reader.limit ?? 1_000 };
  const { value, body } = await nvr.bus.requestWithBody(listFaces, request, { timeoutMs });
  let offset = 0;
  const embeddings = value.faces.map(({ embedding_size: size }) => unpackEmbedding(body.subarray(offset, (offset += size * 4)), size));
  expect(offset).toBe(body.length);
  return { ...value, embeddings, bytes: body.length + JSON.stringify(value).length };
}

/** Reads like an adapter: page after page, until there is no more. */
async function readAll(limit: number): Promise<{ faces: Map<string, RegisteredFace>; pages: number }> {
  const faces = new Map<string, RegisteredFace>();
  let page = await list({ after: 0, limit });
  for (let pages = 1; ; pages++) {
    for (const one of page.faces) faces.set(one.person_id, one);
    for (const { person_id } of page.removed) faces.delete(person_id);
    if (!page.more) return { faces, pages };
    page = await list({ after: page.revision, began: page.began_at_revision, limit });
    expect(page.from_start).toBe(false);
  }
}

describe('a registered face', () => {
  it('comes back as it was sent, embedding and all', async () => {
    const metadata = { badge: 7, note: 'NUL \u0000 and "quotes"', nested: { a: [1, null, true] } };
    const saved = await save(face('emp-1', { name: 'Zoë', category: 'employee', metadata }), embeddingOf(3));
    const { embeddings, faces } = await list({ after: 0 });
    expect(faces).toEqual([
      {
        person_id: 'emp-1',
        name: 'Zoë',
        category: 'employee',
        metadata,
        model_name: 'faceres',
        model_fingerprint: 'f1',
        embedding_size: embeddingSize,
        revision: saved.revision,
        created_at_unix_ms: saved.created_at_unix_ms,
        updated_at_unix_ms: saved.updated_at_unix_ms,
      },
    ]);
    expect(saved.created).toBe(true);
    expect(embeddings).toEqual([embeddingOf(3)]);
  });

  it('is replaced by a later one of the same person, and keeps the day of its first registration', async () => {
    const first = await save(face('emp-1', { metadata: { badge: 7 } }));
    const second = await save(face('emp-1', { name: 'New name' }), embeddingOf(2));
    expect([second.created, second.created_at_unix_ms]).toEqual([false, first.created_at_unix_ms]);
    const { embeddings, faces } = await list({ after: 0 });
    expect(faces.map(({ name, metadata, revision }) => [name, metadata, revision])).toEqual([['New name', undefined, second.revision]]);
    expect(embeddings).toEqual([embeddingOf(2)]);
  });

  it('stands encrypted in the database, and its embedding opens in the row of its person only', async () => {
    await save(face('emp-1'), embeddingOf(3));
    const row = await nvr.database.face.findUniqueOrThrow({ where: { personId: 'emp-1' } });
    const stored = Buffer.from(row.encryptedEmbedding);
    const plain = Buffer.from(packEmbedding(embeddingOf(3)));
    expect(stored.includes(plain.subarray(0, 16))).toBe(false);
    expect(stored.includes(plain.toString('base64').slice(0, 16))).toBe(false);
    const box = new SecretBox(nvr.config.secretKey);
    expect(box.open(row.encryptedEmbedding, 'face.emp-1.embedding')).toBe(plain.toString('base64'));
    await nvr.database.face.update({ where: { personId: 'emp-1' }, data: { personId: 'emp-2' } });
    await expect(list({ after: 0 })).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('NIGHTJAR_SECRET_KEY') });
  });

  it('of an odd name is a face like any other', async () => {
    for (const personId of ['__proto__', 'constructor', "'; DROP TABLE nvr.face; --", '顔 🙂']) {
      await save(face(personId));
      await expect(remove(personId)).resolves.toMatchObject({ removed: true });
    }
  });

  it('is refused when the embedding is not what was announced, or says nothing', async () => {
    for (const bad of [new Float32Array(embeddingSize), new Float32Array(embeddingSize).fill(Number.NaN), embeddingOf(1).subarray(1)])
      await expect(save(face('emp-1'), bad)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(save({ ...face('emp-1'), person_id: 'a\0' })).rejects.toMatchObject({ code: 'invalid_argument' });
    expect((await list({ after: 0 })).faces).toEqual([]);
  });

  it('is told to others once it is committed', async () => {
    const told: { revision: number; rows: number }[] = [];
    nvr.bus.on(facesChanged, async ({ revision }) => {
      told.push({ revision, rows: await nvr.database.face.count({ where: { revision } }) });
    });
    // Another person each time: who is saved once more before the row is counted has another revision by then.
    let saved = 0;
    await until(async () => (await save(face(`emp-${++saved}`)), told.length > 0));
    expect(told.every(({ rows }) => rows === 1)).toBe(true);
  });
});

describe('a removed face', () => {
  it('is gone with its embedding, and those who knew it are told', async () => {
    const saved = await save(face('emp-1'));
    const removal = await remove('emp-1');
    expect(removal).toEqual({ removed: true, revision: expect.any(Number) });
    await expect(remove('emp-1')).resolves.toMatchObject({ removed: false });
    expect(await nvr.database.face.count()).toBe(0);
    const { faces, from_start, removed } = await list({ after: saved.revision, began: saved.revision });
    expect([from_start, faces, removed]).toEqual([false, [], [{ person_id: 'emp-1', revision: removal.revision }]]);
  });

  it('may be registered again', async () => {
    await save(face('emp-1'));
    await remove('emp-1');
    await expect(save(face('emp-1'))).resolves.toMatchObject({ created: true });
    const { faces, removed } = await list({ after: 0 });
    expect([faces.length, removed]).toEqual([1, []]);
  });

  it('is forgotten even by name after a while, and who was away longer reads everything anew', async () => {
    const first = await save(face('emp-1'));
    await save(face('emp-2'));
    await remove('emp-1');
    await expect(store.forgetRemovals({ before: new Date(Date.now() - 60_000), countMax: 1 })).resolves.toBe(0);
    await expect(store.forgetRemovals({ before: new Date(Date.now() + 60_000), countMax: 1 })).resolves.toBe(1);
    expect(await nvr.database.faceRemoval.count()).toBe(0);
    const page = await list({ after: first.revision, began: first.revision });
    expect([page.from_start, page.faces.map(({ person_id }) => person_id)]).toEqual([true, ['emp-2']]);
    await expect(list({ after: page.revision, began: page.began_at_revision })).resolves.toMatchObject({ from_start: false, faces: [] });
    expect((await readAll(1)).faces.size).toBe(1);
  });

  it('is forgotten a week later, when somebody reads the list', async () => {
    await save(face('emp-1'));
    await remove('emp-1');
    const clock = new FakeClock(Date.now());
    const box = new SecretBox(nvr.config.secretKey);
    const service = new FacesService(store, box, nvr.bus, clock, createLogger({ service: 'test', level: 'silent' }));
    const read = () => service.list({ after_revision: 0, began_at_revision: 0, limit: 1 });
    const revision = async () => (await store.listAfter({ afterRevision: 0, beganAtRevision: 0 }, { count: 1 })).revision;
    const before = await revision();
    await read();
    await until(async () => (await revision()) > before); // it has looked
    expect(await nvr.database.faceRemoval.count()).toBe(1);
    clock.advance(8 * 24 * 60 * 60 * 1_000);
    await read();
    await until(async () => (await nvr.database.faceRemoval.count()) === 0);
  });

  it('is forgotten when there are too many, the oldest first', async () => {
    for (const personId of ['a', 'b', 'c']) await save(face(personId));
    for (const personId of ['a', 'b', 'c']) await remove(personId);
    await expect(store.forgetRemovals({ before: new Date(0), countMax: 2 })).resolves.toBe(1);
    expect((await nvr.database.faceRemoval.findMany()).map(({ personId }) => personId).sort()).toEqual(['b', 'c']);
  });
});

describe('the list of changes', () => {
  it('never misses one while 50 faces are saved by two processes at once', async () => {
    const read: number[] = [];
    const savings = Array.from({ length: 50 }, async (_, index) => {
      const request = face(`person-${index}`);
      if (index % 2 === 0) return (await save(request)).revision;
      const packed = Buffer.from(packEmbedding(embeddingOf(index))).toString('base64');
      const encryptedEmbedding = new SecretBox(nvr.config.secretKey).seal(packed, `face.${request.person_id}.embedding`);
      const fields = { ...storedFields, encryptedEmbedding };
      return (await store.save(request.person_id, fields, { at: new Date(), facesMax: 100 })).revision;
    });
    // A reader that follows closely: with revisions out of commit order it would step over some.
    const reading = until(async () => {
      const page = await list({ after: read.at(-1) ?? 0, began: read.at(-1) ?? 0 });
      read.push(...page.faces.map(({ revision }) => revision));
      return read.length >= 50;
    });
    const saved = await Promise.all(savings);
    await reading;
    expect(new Set(saved).size).toBe(50);
    expect(read).toEqual([...saved].sort((a, b) => a - b));
    expect(await nvr.database.face.count()).toBe(50);
  });

  it('shows no change before all that were begun earlier are committed', async () => {
    const saved = [await save(face('held')), await save(face('other'))];
    const watcher = openNvrDatabase({ url: nvr.config.databaseUrl, connectionsMax: 1 });
    const waiting = async () => {
      const [row] = await watcher.$queryRaw<{ count: bigint }[]>`
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return Number(row?.count);
    };
    const holder = openNvrDatabase({ url: nvr.config.databaseUrl, connectionsMax: 1 });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let isHeld = false;
    const holding = holder.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`SELECT 1 FROM nvr.face WHERE person_id = 'held' FOR UPDATE`;
        isHeld = true;
        await released;
      },
      // Prisma would end it after five seconds, and let the row go.
      { timeout: 120_000 },
    );
    await until(() => isHeld);
    const early = save(face('held', { name: 'Early' }));
    await until(async () => (await waiting()) === 1);
    let isLateDone = false;
    const { encryptedEmbedding } = await watcher.face.findUniqueOrThrow({ where: { personId: 'other' } });
    const fields = {
      name: 'Late',
      category: 'vip',
      metadata: null,
      modelName: 'm',
      modelFingerprint: 'f',
      embeddingSize,
      encryptedEmbedding,
    };
    const late = store.save('other', fields, { at: new Date(), facesMax: 10 }).finally(() => (isLateDone = true));
    await until(async () => isLateDone || (await waiting()) === 2);
    const known = saved.at(-1)!.revision;
    const meanwhile = await list({ after: known, began: known });
    release();
    await Promise.all([early, late, holding]);
    const afterwards = await list({ after: meanwhile.revision, began: meanwhile.revision });
    expect([...meanwhile.faces, ...afterwards.faces].map(({ name }) => name)).toEqual(['Early', 'Late']);
    await Promise.all([watcher.$disconnect(), holder.$disconnect()]);
  });

  it('comes in pages that fit into a message, however large the faces are', async () => {
    const metadata = { text: 'x'.repeat(8_000) };
    const large = Float32Array.from({ length: 4_096 }, (_, index) => Math.cos(index));
    for (let index = 0; index < 60; index++) await save(face(`person-${index}`, { metadata, embedding_size: 4_096 }), large);
    const first = await list({ after: 0 });
    expect(first.more).toBe(true);
    expect(first.bytes).toBeLessThan(1024 * 1024 - 64 * 1024);
    expect(first.bytes).toBeGreaterThan(512 * 1024);
    const { faces, pages } = await readAll(1_000);
    expect([faces.size, pages]).toEqual([60, 2]);
  });

  it('is whole although faces are changed and removed between two pages, and removals are forgotten', async () => {
    for (let index = 0; index < 10; index++) await save(face(`person-${index}`));
    await remove('person-9');
    await store.forgetRemovals({ before: new Date(Date.now() + 60_000), countMax: 10 });
    const first = await list({ after: 0, limit: 4 });
    expect([first.from_start, first.faces.length, first.removed, first.more]).toEqual([true, 4, [], true]);
    await remove('person-0');
    await remove('person-8');
    await save(face('person-1', { name: 'Changed' }));
    const known = new Map(first.faces.map((one) => [one.person_id, one.name]));
    for (let page = first; page.more;) {
      page = await list({ after: page.revision, began: page.began_at_revision, limit: 4 });
      expect(page.from_start).toBe(false);
      for (const one of page.faces) known.set(one.person_id, one.name);
      for (const { person_id } of page.removed) known.delete(person_id);
    }
    expect([...known.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6, 7].map((index) => `person-${index}`));
    expect(known.get('person-1')).toBe('Changed');
  });

  it('begins anew for a reader who knows more than this database: it was restored from a backup', async () => {
    await save(face('emp-1'));
    await expect(list({ after: 5_000, began: 1 })).resolves.toMatchObject({ from_start: true, faces: [{ person_id: 'emp-1' }] });
  });
});

describe('the registry', () => {
  it('is full at its bound: no new person, but a known one may be changed', async () => {
    await save(face('emp-1'));
    const { encryptedEmbedding } = await nvr.database.face.findUniqueOrThrow({ where: { personId: 'emp-1' } });
    const fields = { ...storedFields, encryptedEmbedding };
    const options = { at: new Date(), facesMax: 1 };
    await expect(store.save('emp-2', fields, options)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('full'),
    });
    await expect(store.save('emp-1', fields, options)).resolves.toMatchObject({ created: false });
  });

  it('is `unavailable` while Postgres is away', async () => {
    const away = openNvrDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none', connectionsMax: 1 });
    const awayStore = new FacesStore(away);
    const calls = [
      awayStore.remove('emp-1', { at: new Date() }),
      awayStore.listAfter({ afterRevision: 0, beganAtRevision: 0 }, { count: 1 }),
    ];
    for (const call of calls)
      await expect(orUnavailable<unknown>(call)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    await away.$disconnect();
  });

  it('is open to the role of the NVR, and not to the gateway', async () => {
    const { gatewayUrl, nvrUrl } = await makeServiceRoles(nvr.config.databaseUrl);
    const own = openNvrDatabase({ url: nvrUrl, connectionsMax: 1 });
    const ownStore = new FacesStore(own);
    const fields = { ...storedFields, encryptedEmbedding: Uint8Array.from([1, 2, 3]) };
    await ownStore.save('emp-1', fields, { at: new Date(), facesMax: 10 });
    await ownStore.remove('emp-1', { at: new Date() });
    await ownStore.forgetRemovals({ before: new Date(Date.now() + 60_000), countMax: 10 });
    await own.$disconnect();
    const foreign = openNvrDatabase({ url: gatewayUrl, connectionsMax: 1 });
    for (const attempt of [
      () => foreign.face.count(),
      () => foreign.faceRemoval.count(),
      () => foreign.$queryRaw`SELECT revision FROM nvr.face_registry`,
      () => foreign.$executeRaw`DELETE FROM nvr.face`,
    ])
      await expect(attempt()).rejects.toThrow(/permission denied|denied access/i);
    await foreign.$disconnect();
  });
});
