import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { Bus } from '@nightjar/messaging';
import { createLogger } from '@nightjar/runtime';
import { startTestBus, until, type TestBus } from '@nightjar/testing';
import { BusFaceStore } from './bus-face-store.js';
import { FaceRegistry } from './face-registry.js';
import { axis, faceInput } from './faces.fixture.js';
import { prepareNvr, type NvrProcess } from './nvr-process.fixture.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const query = { modelFingerprint: 'f1', threshold: 0.9, max: 5 };

let testBus: TestBus;
let nvr: NvrProcess;
let database: NvrDatabase;
const opened: { registry: FaceRegistry; bus: Bus }[] = [];

beforeAll(async () => {
  testBus = await startTestBus();
  nvr = await prepareNvr(testBus.url);
  database = openNvrDatabase({ url: nvr.databaseUrl, connectionsMax: 2 });
  await nvr.start();
});
afterAll(async () => {
  await database.$disconnect();
  await nvr.remove();
  await testBus.stop();
});
beforeEach(async () => {
  // Not TRUNCATE: its table locks and those of a reader wait for each other. Writers take the row of the registry first.
  await database.$transaction([
    database.$executeRaw`DELETE FROM nvr.face_registry`,
    database.$executeRaw`DELETE FROM nvr.face`,
    database.$executeRaw`DELETE FROM nvr.face_removal`,
  ]);
});
afterEach(async () => {
  for (const { registry, bus } of opened.splice(0)) {
    await registry.stop();
    await bus.close();
  }
});

/** A registry as an adapter has it. Polls so seldom that what is seen earlier was told. */
async function open(options: { pollMs?: number; retryMs?: number } = {}): Promise<FaceRegistry> {
  const bus = Bus.open({ url: testBus.url, name: 'adapter', logger });
  const registry = new FaceRegistry(new BusFaceStore({ bus, logger, pollMs: 600_000, retryMs: 100, ...options }));
  opened.push({ registry, bus });
  await registry.start();
  await bus.ready(AbortSignal.timeout(60_000));
  return registry;
}
const loaded = (...registries: FaceRegistry[]) => until(() => registries.every(({ status }) => status.count !== undefined));

describe('the face registry of a cluster', () => {
  it('shows a face to the adapter that registered it at once, and to the others a moment later', async () => {
    const [one, two] = [await open(), await open()];
    await loaded(one, two);
    const metadata = { badge: 7 };
    const { created, face } = await one.register(faceInput('emp-1', { category: 'watchlist', metadata, embedding: axis(3) }));
    expect([created, one.get('emp-1'), face.metadata, face.category]).toEqual([true, face, metadata, 'watchlist']);
    expect(one.match(axis(3), query).matches).toEqual([{ face, similarity: 1 }]);
    await until(() => two.get('emp-1') !== undefined);
    expect(two.list()).toEqual([face]);
    expect(two.match(axis(3), { ...query, category: 'watchlist' })).toEqual({
      matches: [{ face, similarity: 1 }],
      comparedCount: 1,
      otherModelCount: 0,
    });
    expect(two.status).toEqual({ scope: 'cluster', count: 1, problem: undefined });
  });

  it('forgets a removed face everywhere', async () => {
    const [one, two] = [await open(), await open()];
    await loaded(one, two);
    await one.register(faceInput('emp-1'));
    await until(() => two.get('emp-1') !== undefined);
    await expect(two.remove('emp-1')).resolves.toBe(true);
    expect(two.get('emp-1')).toBeUndefined();
    await until(() => one.get('emp-1') === undefined);
    await expect(one.remove('emp-1')).resolves.toBe(false);
    await expect(one.remove('a\0')).resolves.toBe(false);
    expect(await database.face.count()).toBe(0);
  });

  it('loses none of 50 faces that two adapters register at once, and one order is seen by all', async () => {
    const [one, two] = [await open(), await open()];
    await loaded(one, two);
    const saved = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? one : two).register(faceInput(`p${index}`, { embedding: axis(index) }))),
    );
    expect(new Set(saved.map(({ face }) => face.revision)).size).toBe(50);
    const late = await open();
    await until(() => [one, two, late].every(({ status }) => status.count === 50));
    expect(one.list()).toEqual(two.list());
    expect(late.list()).toEqual(two.list());
  });

  it('agrees in the end on a person whom two adapters registered and removed at the same time', async () => {
    const [one, two] = [await open(), await open()];
    await loaded(one, two);
    await Promise.all(
      Array.from({ length: 30 }, (_, index): Promise<unknown> => {
        const registry = index % 2 === 0 ? one : two;
        return index % 5 === 4 ? registry.remove('emp-1') : registry.register(faceInput('emp-1', { name: `Name ${index}` }));
      }),
    );
    const row = await database.face.findUnique({ where: { personId: 'emp-1' } });
    const agrees = (registry: FaceRegistry) => registry.get('emp-1')?.revision === (row ? Number(row.revision) : undefined);
    await until(() => agrees(one) && agrees(two));
    expect(one.get('emp-1')).toEqual(two.get('emp-1'));
  });

  it('is whole after it was read in many pages', async () => {
    const writer = await open();
    await loaded(writer);
    const large = { metadata: { text: 'x'.repeat(8_000) } };
    for (let index = 0; index < 60; index++) await writer.register(faceInput(`p${index}`, { ...large, embedding: axis(index, 0, 4_096) }));
    const reader = await open();
    await loaded(reader);
    expect(reader.list()).toEqual(writer.list());
    expect(reader.match(axis(59, 0, 4_096), query).matches.map(({ face }) => face.person_id)).toEqual(['p59']);
  });

  it('reads everything anew when the database is another one, and keeps nothing of the old', async () => {
    const registry = await open({ pollMs: 100 });
    await loaded(registry);
    for (const personId of ['a', 'b', 'c']) await registry.register(faceInput(personId));
    await database.$executeRaw`DELETE FROM nvr.face WHERE person_id <> 'b'`;
    await database.$executeRaw`UPDATE nvr.face_registry SET revision = 0`;
    await until(() => registry.list().length === 1);
    expect(registry.list().map(({ person_id }) => person_id)).toEqual(['b']);
  });

  it('goes on reading while the NVR is away, says that it can not write, and catches up when it is back', async () => {
    const [one, two] = [await open({ pollMs: 200 }), await open({ pollMs: 200 })];
    await loaded(one, two);
    await one.register(faceInput('emp-1'));
    await until(() => two.get('emp-1') !== undefined);
    await nvr.kill();
    for (const write of [() => one.register(faceInput('emp-2')), () => one.remove('emp-1')])
      await expect(write()).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
    expect(one.match(axis(0), query).matches.map(({ face }) => face.person_id)).toEqual(['emp-1']);
    await until(() => one.status.problem !== undefined);
    expect(one.status).toMatchObject({ count: 1, problem: expect.stringContaining('does not answer') });
    await database.face.update({ where: { personId: 'emp-1' }, data: { name: 'Changed meanwhile', revision: 2 } });
    await database.$executeRaw`UPDATE nvr.face_registry SET revision = 2`;
    await nvr.start();
    await until(() => [one, two].every((registry) => registry.get('emp-1')?.name === 'Changed meanwhile'));
    await one.register(faceInput('emp-2'));
    await until(() => two.status.count === 2 && two.status.problem === undefined);
  });

  it('can be started before the NVR: nothing is said of faces until they are read', async () => {
    const first = await open();
    await loaded(first);
    await first.register(faceInput('emp-1'));
    await nvr.kill();
    const registry = await open();
    await until(() => registry.status.problem !== undefined);
    for (const read of [() => registry.list(), () => registry.get('emp-1'), () => registry.match(axis(0), query)])
      expect(read).toThrow(expect.objectContaining({ code: 'unavailable', retryAfterMs: 1_000 }));
    expect(registry.status).toEqual({ scope: 'cluster', count: undefined, problem: expect.stringContaining('not been read') });
    await nvr.start();
    await loaded(registry);
    expect(registry.list().map(({ person_id }) => person_id)).toEqual(['emp-1']);
  });

  it('does not wait for ever for an NVR that hangs, nor when its caller has gone', async () => {
    const registry = await open();
    await loaded(registry);
    nvr.freeze();
    try {
      const caller = new AbortController();
      const left = registry.register(faceInput('emp-1'), { signal: caller.signal });
      const waiting = registry.register(faceInput('emp-2'));
      caller.abort();
      await expect(left).rejects.toMatchObject({ code: 'cancelled' });
      await expect(waiting).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
    } finally {
      nvr.thaw();
    }
    // What was asked of the frozen one is done when it goes on: asking again does no harm.
    await expect(registry.register(faceInput('emp-2'))).resolves.toMatchObject({ face: { person_id: 'emp-2' } });
    await until(() => registry.list().length === 2);
  });

  it('hears of nothing more once it is stopped', async () => {
    const [one, two] = [await open({ pollMs: 50 }), await open()];
    await loaded(one, two);
    await one.stop();
    await two.register(faceInput('emp-1'));
    await until(async () => (await database.face.count()) === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(one.get('emp-1')).toBeUndefined();
  });
});
