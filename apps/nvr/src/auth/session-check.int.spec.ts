import { randomUUID } from 'node:crypto';
import { openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { systemClock } from '@nightjar/runtime';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { UsersStore } from '../users/users.store.js';
import { SessionCheck } from './session-check.js';
import { SessionsStore } from './sessions.store.js';
import { SignInPolicies } from './sign-in-policies.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const checkOver = (database: NvrDatabase) =>
  new SessionCheck({
    users: new UsersStore(database),
    sessions: new SessionsStore(database, nvr.config),
    policies: new SignInPolicies(database, systemClock),
    clock: systemClock,
  });

async function openSession(): Promise<{ uid: number; sid: string }> {
  const { id: uid } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
  const { id: sid } = await nvr.database.session.findFirstOrThrow({ where: { userId: uid, revokedAt: null } });
  return { uid, sid };
}

describe('whether a session is still open', () => {
  it('is asked once, however many of its streams want to know at once', async () => {
    const check = checkOver(nvr.database);
    const session = await openSession();
    const answers = Array.from({ length: 50 }, () => check.find({ ...session }));
    expect(new Set(answers).size).toBe(1);
    expect(await answers[0]).toMatchObject({ scopes: expect.arrayContaining(['cameras:read']) });
    expect(check.find({ uid: session.uid, sid: randomUUID() })).not.toBe(answers[0]);
  });

  it('is asked anew for whoever comes after it was ended here, also while an answer was on its way', async () => {
    const check = checkOver(nvr.database);
    const { uid } = await openSession();
    const { id: sid } = await nvr.database.session.create({
      data: { ...(await nvr.database.session.findFirstOrThrow()), id: randomUUID(), tokenSha256: Uint8Array.from(Buffer.alloc(32, 7)) },
    });
    const onItsWay = check.find({ uid, sid });
    await nvr.database.session.update({ where: { id: sid }, data: { revokedAt: new Date() } });
    check.forget(sid);
    await onItsWay;
    expect(await check.find({ uid, sid })).toBeUndefined();
  });

  it('is asked anew after nobody could say', async () => {
    const nowhere = openNvrDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none' });
    const check = checkOver(nowhere);
    const session = await openSession();
    const first = check.find(session);
    await expect(first).rejects.toThrow();
    const second = check.find(session);
    expect(second).not.toBe(first);
    await expect(second).rejects.toThrow();
    await nowhere.$disconnect();
  });
});
