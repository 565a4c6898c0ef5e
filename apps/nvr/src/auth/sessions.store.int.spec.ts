import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { createTestDatabase, until, type TestDatabase } from '@nightjar/testing';
import { UsersStore } from '../users/users.store.js';
import { SessionsStore } from './sessions.store.js';

let testDatabase: TestDatabase;
let database: NvrDatabase;
let sessions: SessionsStore;
let users: UsersStore;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openNvrDatabase({ url: testDatabase.url, connectionsMax: 3 });
  sessions = new SessionsStore(database, { secretKey: Buffer.alloc(32, 1).toString('base64') });
  users = new UsersStore(database);
});
afterAll(async () => {
  await database.$disconnect();
  await testDatabase.drop();
});

let user: { id: number; tokenVersion: number };
let run = 0;
beforeEach(async () => {
  user = await database.user.create({ data: { username: `user-${++run}`, passwordHash: 'old' } });
});

const nothing = () => Promise.resolve();
const begin = (writeEntry = nothing) =>
  sessions.begin({ userId: user.id, tokenVersion: user.tokenVersion, address: '', userAgent: '' }, writeEntry);
const changePassword = (writeEntry = nothing) =>
  users.changePassword({ userId: user.id, passwordHash: 'new', keptSessionId: undefined }, writeEntry);
const openSessions = () => database.session.count({ where: { userId: user.id, revokedAt: null } });
/** A transaction that has done its work and is not committed yet. */
function heldTransaction(start: (writeEntry: () => Promise<void>) => Promise<unknown>) {
  let release = () => undefined as void;
  const released = new Promise<void>((resolve) => (release = resolve));
  let ended: Promise<unknown> = nothing();
  const reached = new Promise<void>((resolve, reject) => {
    ended = start(() => {
      resolve();
      return released;
    });
    ended.catch(reject);
  });
  return { reached, end: () => (release(), ended) };
}
const somebodyWaits = async () =>
  (
    await database.$queryRaw<unknown[]>`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
  ).length > 0;

describe('a session whose password is changed while it begins', () => {
  it('does not begin when the change comes first', async () => {
    const change = heldTransaction(changePassword);
    await change.reached;
    const outcome = begin().then(
      () => 'began',
      (error: { code: string }) => error.code,
    );
    await Promise.race([outcome, until(somebodyWaits)]);
    await change.end();
    expect(await outcome).toBe('unauthenticated');
    expect(await openSessions()).toBe(0);
  });

  it('is ended by a change that comes second', async () => {
    const session = heldTransaction(begin);
    await session.reached;
    const change = changePassword();
    await Promise.race([change, until(somebodyWaits)]);
    await session.end();
    await change;
    expect(await openSessions()).toBe(0);
  });

  it('does not begin afterwards either, nor for a user who was switched off', async () => {
    await changePassword();
    await expect(begin()).rejects.toMatchObject({ code: 'unauthenticated' });
    user = await database.user.findUniqueOrThrow({ where: { id: user.id } });
    await begin();
    await database.user.update({ where: { id: user.id }, data: { isActive: false } });
    await expect(begin()).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});
