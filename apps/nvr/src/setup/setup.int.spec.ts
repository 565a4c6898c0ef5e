import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let printed = '';
beforeAll(async () => {
  const stdout = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  nvr = await startTestNvr({ adminPassword: undefined });
  stdout.mockRestore();
});
afterAll(() => nvr.stop());

const post = async (route: string, body: object = {}) => {
  const answer = await fetch(`${nvr.url}/api/v1/auth/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const user = { username: 'root', password: 'correct horse battery' };

describe('an installation without users', () => {
  it('says that it needs setting up, and takes no token but the one it printed', async () => {
    expect(await post('check-setup')).toEqual({ status: 200, body: { setup_required: true } });
    expect((await post('first-time-setup', { ...user, setup_token: 'AAAAAAAAAAAAAAAAAAAAAAAA' })).status).toBe(403);
    for (const wrong of [
      user,
      { ...user, setup_token: 'short' },
      { ...user, setup_token: 12345678 },
      { ...user, username: '<b>', setup_token: 'A'.repeat(24) },
    ])
      expect((await post('first-time-setup', wrong)).status).toBe(422);
    expect((await post('first-time-setup', { ...user, password: 'weak', setup_token: 'A'.repeat(24) })).status).toBe(422);
  });

  it('has one first user, who may do everything, also when two ask at the same moment', async () => {
    const token = /^ {2}(\S{24})$/m.exec(printed)?.[1];
    const answers = await Promise.all(
      ['root', 'also-root'].map((username) => post('first-time-setup', { ...user, username, setup_token: token })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    expect(await nvr.database.user.findMany({ select: { isSuperuser: true } })).toEqual([{ isSuperuser: true }]);
    expect(await post('check-setup')).toEqual({ status: 200, body: { setup_required: false } });
    expect((await post('first-time-setup', { ...user, username: 'late', setup_token: token })).status).toBe(403);
    const { username } = await nvr.database.user.findFirstOrThrow();
    expect((await post('login-json', { ...user, username })).status).toBe(200);
    expect(await nvr.database.setupToken.count()).toBe(0);
  });
});
