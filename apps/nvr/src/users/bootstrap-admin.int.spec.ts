import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, Health, Shutdown } from '@nightjar/runtime';
import { startApi } from '../start-api.js';
import { adminPassword, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

/** Another start of the same installation, with the same setting. */
async function startOnceMore(): Promise<void> {
  const logger = createLogger({ service: 'nvr', level: 'silent' });
  const shutdown = new Shutdown({ logger });
  await startApi({ logger, shutdown, health: new Health() }, nvr.config);
  await shutdown.run('the test is over');
}
const usernames = async () => (await nvr.database.user.findMany({ orderBy: { id: 'asc' } })).map(({ username }) => username);
const madeUsers = () => nvr.database.auditEntry.count({ where: { action: 'user.created' } });

describe('the admin of the setting', () => {
  it('is made once, with an entry in the log, also when processes start together', async () => {
    await Promise.all([startOnceMore(), startOnceMore()]);
    expect([await usernames(), await madeUsers()]).toEqual([['admin'], 1]);
    await nvr.database.$executeRaw`TRUNCATE nvr."user" CASCADE`;
    await Promise.all([startOnceMore(), startOnceMore()]);
    expect([await usernames(), await madeUsers()]).toEqual([['admin'], 2]);
  });

  it('does not come back with his first password when another admin removed him', async () => {
    const { id, passwordHash, roleId } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    await nvr.database.user.create({ data: { username: 'other', passwordHash, roleId, isSuperuser: true } });
    await nvr.database.user.delete({ where: { id } });
    await startOnceMore();
    expect(await usernames()).toEqual(['other']);
    const login = await fetch(`${nvr.url}/api/v1/auth/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'admin', password: adminPassword }),
    });
    expect(login.status).toBe(401);
  });
});
