import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { generateApiKey, hashApiKey } from '@nightjar/auth';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { FakeClock } from '@nightjar/runtime';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { ApiKeys, scopes } from './api-keys.js';
import { storeBootstrapApiKey } from './bootstrap-api-key.js';

describe('API keys', () => {
  let testDatabase: TestDatabase;
  let database: JobsDatabase;
  let clock: FakeClock;
  let keys: ApiKeys;
  let key: string;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = openJobsDatabase({ url: testDatabase.url });
  });
  afterAll(async () => {
    await database?.$disconnect();
    await testDatabase?.drop();
  });
  beforeEach(() => {
    clock = new FakeClock();
    keys = new ApiKeys(database, clock);
    key = generateApiKey();
  });

  const digestOf = (text: string) => Uint8Array.from(hashApiKey(text));
  const store = (columns: object = {}) =>
    database.apiKey.create({
      data: { tenantId: 7, name: 'test', prefix: key.slice(0, 11), sha256: digestOf(key), scopes: ['jobs:read'], ...columns },
    });
  const row = () => database.apiKey.findUniqueOrThrow({ where: { sha256: digestOf(key) } });

  it('name their tenant and scopes', async () => {
    const { id } = await store();
    expect(await keys.verify(key)).toEqual({ kind: 'api_key', keyId: id, tenantId: 7, scopes: ['jobs:read'], faceEmbeddings: false });
  });

  it('are refused when they are unknown, revoked or expired', async () => {
    expect(await keys.verify(key)).toBeUndefined();
    await store({ revokedAt: new Date() });
    expect(await keys.verify(key)).toBeUndefined();
    await database.apiKey.update({ where: { sha256: digestOf(key) }, data: { revokedAt: null, expiresAt: new Date(clock.wallMs()) } });
    expect(await keys.verify(key)).toBeUndefined();
  });

  it('are refused within 5 s of being revoked, and at the moment they expire', async () => {
    await store({ expiresAt: new Date(clock.wallMs() + 60_000) });
    expect(await keys.verify(key)).toBeDefined();
    await database.apiKey.update({ where: { sha256: digestOf(key) }, data: { revokedAt: new Date() } });
    clock.advance(5_000);
    expect(await keys.verify(key)).toBeUndefined();
    await database.apiKey.update({ where: { sha256: digestOf(key) }, data: { revokedAt: null } });
    expect(await keys.verify(key)).toBeDefined();
    clock.advance(4_999);
    expect(await keys.verify(key)).toBeDefined();
    await database.apiKey.update({ where: { sha256: digestOf(key) }, data: { expiresAt: new Date(clock.wallMs() + 1_000) } });
    clock.advance(1);
    expect(await keys.verify(key)).toBeDefined();
    clock.advance(1_000);
    expect(await keys.verify(key)).toBeUndefined();
  });

  it('note their use once a minute', async () => {
    await store();
    const usedAt = async () => (await row()).lastUsedAt?.getTime();
    const firstUse = clock.wallMs();
    await keys.verify(key);
    expect(await usedAt()).toBe(firstUse);
    clock.advance(59_000);
    await keys.verify(key);
    expect(await usedAt()).toBe(firstUse);
    clock.advance(6_000);
    await keys.verify(key);
    expect(await usedAt()).toBe(firstUse + 65_000);
  });

  it('of the setting are valid for tenant 1 with all scopes, and replace the one it named before', async () => {
    const next = generateApiKey();
    const writtenBy = () => database.$queryRaw`SELECT xmin::text FROM jobs.api_key WHERE name = 'bootstrap'`;
    await storeBootstrapApiKey(database, key);
    const first = await writtenBy();
    await storeBootstrapApiKey(database, key);
    // A gateway that comes back only asks.
    expect(await writtenBy()).toEqual(first);
    expect(await keys.verify(key)).toMatchObject({ tenantId: 1, scopes: Object.values(scopes) });
    await storeBootstrapApiKey(database, next);
    clock.advance(5_000);
    expect(await keys.verify(key)).toBeUndefined();
    expect(await keys.verify(next)).toMatchObject({ tenantId: 1 });
    await storeBootstrapApiKey(database, key);
    expect(await keys.verify(key)).toMatchObject({ tenantId: 1 });
  });
});
