import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AppError, createLogger, Health, Shutdown, systemClock } from '@nightjar/runtime';
import { startApi } from '../start-api.js';
import { adminPassword, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { LoginLocks, type Verdict } from './login-locks.js';
import { SignInPolicies } from './sign-in-policies.js';

let nvr: TestNvr;
let second: { url: string; stop: () => Promise<void> };
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());
// A process of its own for each test: what one address may try is counted in memory.
beforeEach(async () => {
  await nvr.database.loginFailure.deleteMany();
  second = await startSecond();
});
afterEach(() => second.stop());

/** Another process of the same installation: it shares nothing with the first but the database. */
async function startSecond() {
  const logger = createLogger({ service: 'nvr', level: 'silent' });
  const shutdown = new Shutdown({ logger });
  const { url } = await startApi({ logger, shutdown, health: new Health() }, nvr.config);
  return { url, stop: () => shutdown.run('the test is over') };
}
const logIn = (username: string, password: string, url = second.url) =>
  fetch(`${url}/api/v1/auth/login-json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
/** @returns statuses */
async function fail(username: string, times: number, url = second.url): Promise<number[]> {
  const statuses = [];
  for (let time = 0; time < times; time++) statuses.push((await logIn(username, 'wrong', url)).status);
  return statuses;
}
const passLock = () =>
  nvr.database
    .$executeRaw`UPDATE nvr.login_failure SET failed_at = failed_at - interval '3 min', locked_until = locked_until - interval '3 min'`;

describe('a user name with five wrong passwords in a row', () => {
  it('is locked for three minutes, also for the right password, and in every process', async () => {
    expect(await fail('admin', 3, nvr.url)).toEqual([401, 401, 401]);
    const startedMs = performance.now();
    expect(await fail('admin', 2)).toEqual([401, 401]);
    for (const url of [nvr.url, second.url]) {
      const answer = await logIn('admin', adminPassword, url);
      expect([answer.status, await answer.json()]).toEqual([
        423,
        { detail: { error: 'account_locked', message: expect.any(String), retry_after_seconds: expect.any(Number) } },
      ]);
      const passedSeconds = (performance.now() - startedMs) / 1_000;
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(179 - passedSeconds);
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(180);
    }
    await passLock();
    expect((await logIn('admin', adminPassword)).status).toBe(200);
  });

  it('stays locked over a restart', async () => {
    await fail('admin', 5);
    await second.stop();
    second = await startSecond();
    expect((await logIn('admin', adminPassword)).status).toBe(423);
  });

  it('is not locked for longer by whoever goes on trying', async () => {
    await fail('admin', 5);
    const { lockedUntil } = await nvr.database.loginFailure.findUniqueOrThrow({ where: { username: 'admin' } });
    expect(await fail('admin', 2)).toEqual([423, 423]);
    expect((await nvr.database.loginFailure.findUniqueOrThrow({ where: { username: 'admin' } })).lockedUntil).toEqual(lockedUntil);
  });

  it('is locked too when nobody has it: a lock does not tell which users there are', async () => {
    expect(await fail('nobody', 6)).toEqual([401, 401, 401, 401, 401, 423]);
  });

  it('is locked after five when many come at the same moment', async () => {
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await logIn('crowd', 'wrong')).status));
    // Who comes while five are checked, or when the name is locked already, hears nothing of his password.
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 423 || status === 503)).toHaveLength(3);
    expect((await logIn('crowd', 'wrong')).status).toBe(423);
  });
});

describe('right passwords', () => {
  it('that come at the same moment never lock their name: one too many is told to come again', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => logIn('admin', adminPassword)));
    const later = answers.filter(({ status }) => status !== 200);
    expect(new Set(later.map((answer) => [answer.status, answer.headers.get('retry-after')].join()))).toEqual(
      new Set(later.length > 0 ? ['503,1'] : []),
    );
    for (const _answer of later) expect((await logIn('admin', adminPassword)).status).toBe(200);
    expect(await nvr.database.loginFailure.count()).toBe(0);
  });
});

describe('attempts that are being checked', () => {
  const judged = (look: () => Promise<Verdict>) =>
    new LoginLocks(nvr.database, new SignInPolicies(nvr.database, systemClock))
      .judge('busy', async () => ({ verdict: await look() }))
      .then(
        ({ attemptsLeft, found }) => `${found.verdict} ${attemptsLeft}`,
        ({ code, retryAfterMs }: AppError) => `${code} ${retryAfterMs}`,
      );
  const row = () => nvr.database.loginFailure.findUnique({ where: { username: 'busy' } });
  /** An attempt that is checked until it is told how that ends. */
  async function hold() {
    let end: (verdict: Verdict) => void = () => undefined;
    let outcome = Promise.resolve('');
    await new Promise<void>((reached) => {
      const verdict = new Promise<Verdict>((resolve) => (end = resolve));
      outcome = judged(() => (reached(), verdict));
    });
    return (verdict: Verdict) => (end(verdict), outcome);
  }

  it('are five at most, and no failures: the sixth is not locked out', async () => {
    const ends = [];
    for (let time = 0; time < 5; time++) ends.push(await hold());
    expect(await judged(() => Promise.resolve('right'))).toBe('overloaded 1000');
    expect(await row()).toMatchObject({ failures: 0, pending: 5, lockedUntil: null });
    for (const end of ends) expect(await end('right')).toBe('right 5');
    expect(await row()).toBeNull();
  });

  it('let the next one in as soon as one of them is over', async () => {
    const ends = [];
    for (let time = 0; time < 5; time++) ends.push(await hold());
    const sixth = judged(() => Promise.resolve('right'));
    expect(await ends[0]?.('right')).toBe('right 5');
    expect(await sixth).toBe('right 5');
    for (const end of ends.slice(1)) expect(await end('right')).toBe('right 5');
  });

  it('lock the name with the fifth that was wrong, and not by how many there are', async () => {
    for (let time = 4; time > 1; time--) expect(await judged(() => Promise.resolve('wrong'))).toBe(`wrong ${time}`);
    const [first, second] = [await hold(), await hold()];
    expect(await judged(() => Promise.resolve('wrong'))).toBe('overloaded 1000');
    expect(await first('wrong')).toBe('wrong 1');
    expect(await second('undecided')).toBe('undecided 1');
    expect(await row()).toMatchObject({ failures: 4, pending: 0, lockedUntil: null });
    expect(await judged(() => Promise.resolve('wrong'))).toBe('wrong 0');
    expect(await judged(() => Promise.resolve('right'))).toMatch(/^locked /);
  });

  it('do not count when nobody could tell right from wrong', async () => {
    const busy = () => Promise.reject(new AppError('overloaded', 'too many logins at once', { retryAfterMs: 1_000 }));
    for (let time = 0; time < 8; time++) expect(await judged(busy)).toBe('overloaded 1000');
    expect(await row()).toBeNull();
  });

  it('are forgotten with the process that they were lost with', async () => {
    const lost = { username: 'busy', failures: 1, pending: 4, failedAt: new Date() };
    await nvr.database.loginFailure.create({ data: lost });
    expect(await judged(() => Promise.resolve('right'))).toBe('overloaded 1000');
    await nvr.database.loginFailure.update({ where: { username: 'busy' }, data: { failedAt: new Date(Date.now() - 31_000) } });
    expect(await judged(() => Promise.resolve('wrong'))).toBe('wrong 3');
    expect(await row()).toMatchObject({ failures: 2, pending: 0 });
  });
});

describe('a lock', () => {
  it('is ended early by an admin', async () => {
    await nvr.database.user.create({
      data: { username: 'waiting', passwordHash: (await nvr.database.user.findFirstOrThrow()).passwordHash },
    });
    await fail('waiting', 5);
    expect((await logIn('waiting', adminPassword)).status).toBe(423);
    const { id } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'waiting' } });
    expect((await nvr.fetch(`/api/v1/users/${id}/activate`, { method: 'POST' })).status).toBe(200);
    expect((await logIn('waiting', adminPassword)).status).toBe(200);
  });
});

describe('failures', () => {
  it('are forgotten after a success, and after three minutes', async () => {
    await fail('admin', 4);
    expect((await logIn('admin', adminPassword)).status).toBe(200);
    expect(await nvr.database.loginFailure.count()).toBe(0);
    await fail('admin', 4);
    await passLock();
    expect(await fail('admin', 1)).toEqual([401]);
    expect((await logIn('admin', adminPassword)).status).toBe(200);
  });

  it('of long ago leave no rows behind', async () => {
    await nvr.database.loginFailure.create({ data: { username: 'old', failures: 3, failedAt: new Date(Date.now() - 3_600_000) } });
    await logIn('admin', 'wrong');
    expect(await nvr.database.loginFailure.findMany({ select: { username: true } })).toEqual([{ username: 'admin' }]);
  });

  it('to change a password count as well', async () => {
    const change = () =>
      nvr.fetch('/api/v1/auth/change-password', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ current_password: 'wrong', new_password: 'another horse battery' }),
      });
    await fail('admin', 4);
    expect([(await change()).status, (await change()).status]).toEqual([401, 423]);
  });
});

describe('the policy', () => {
  it('says how many wrong passwords lock a name, and for how long', async () => {
    const change = { max_failed_attempts: 3, lockout_minutes: 10 };
    const headers = { 'content-type': 'application/json' };
    await nvr.fetch('/api/v1/password-policy', { method: 'PUT', headers, body: JSON.stringify(change) });
    const fresh = await startSecond();
    try {
      expect(await fail('somebody', 4, fresh.url)).toEqual([401, 401, 401, 423]);
      expect(Number((await logIn('somebody', 'x', fresh.url)).headers.get('retry-after'))).toBeGreaterThan(500);
    } finally {
      await fresh.stop();
      await nvr.database.signInPolicy.deleteMany();
    }
  });
});
