import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminPassword, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

interface Pair {
  access_token: string;
  refresh_token: string;
}

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const post = (route: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${nvr.url}/api/v1/auth/${route}`, {
    method: 'POST',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const signIn = async (username = 'admin', password = adminPassword) =>
  (await (await post('login-json', { username, password })).json()) as Pair;
const refresh = (refresh_token: string) => post('refresh', { refresh_token });
const me = async (token: string) => (await fetch(`${nvr.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })).status;
/** As if the time in which two tabs may share a token were over. */
const passGrace = () => nvr.database.session.updateMany({ data: { rotatedAt: new Date(Date.now() - 60_000) } });
const cookieOf = (response: Response) => response.headers.get('set-cookie') ?? '';
async function addUser(username: string): Promise<void> {
  const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
  await nvr.database.user.create({ data: { username, passwordHash } });
}

describe('a refresh token', () => {
  it('gives the next pair, and its successor the one after', async () => {
    let pair = await signIn();
    for (let round = 0; round < 3; round++) {
      const answer = await refresh(pair.refresh_token);
      expect(answer.status).toBe(200);
      const next = (await answer.json()) as Pair;
      expect(next.refresh_token).not.toBe(pair.refresh_token);
      expect(await me(next.access_token)).toBe(200);
      pair = next;
    }
  });

  it('is stored as a digest only', async () => {
    const { refresh_token: token } = await signIn();
    const rows = await nvr.database.$queryRaw<{ row: string }[]>`SELECT session::text AS row FROM nvr.session`;
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('that comes a second time ends its session, for the thief and for the owner', async () => {
    const stolen = await signIn();
    const owner = (await (await refresh(stolen.refresh_token)).json()) as Pair;
    await passGrace();
    expect((await refresh(stolen.refresh_token)).status).toBe(401);
    expect((await refresh(owner.refresh_token)).status).toBe(401);
    expect(await nvr.database.session.count({ where: { revokedBecause: 'reused' } })).toBe(1);
  });

  it('of any age ends its session: a thief keeps nothing by changing it twice before the owner comes', async () => {
    const owner = await signIn();
    let thief = owner;
    for (let round = 0; round < 2; round++) thief = (await (await refresh(thief.refresh_token)).json()) as Pair;
    const { sid: id } = JSON.parse(Buffer.from(owner.access_token.split('.')[1]!, 'base64url').toString()) as { sid: string };
    expect((await refresh(owner.refresh_token)).status).toBe(401);
    expect([await me(thief.access_token), (await refresh(thief.refresh_token)).status]).toEqual([401, 401]);
    expect(await nvr.database.session.findUnique({ where: { id } })).toMatchObject({ revokedBecause: 'reused' });
    expect(await nvr.database.auditEntry.findMany({ where: { action: 'session.reused', entityId: id } })).toMatchObject([
      { actorName: 'admin', entityType: 'session', address: '127.0.0.1' },
    ]);
  });

  it('of before tokens had something in common goes on, and is found out like any other', async () => {
    const old = await signIn();
    await nvr.database.session.updateMany({ data: { familySha256: null } });
    const next = (await (await refresh(old.refresh_token)).json()) as Pair;
    const last = (await (await refresh(next.refresh_token)).json()) as Pair;
    expect((await refresh(old.refresh_token)).status).toBe(401);
    expect((await refresh(last.refresh_token)).status).toBe(401);
  });

  it('that somebody makes up ends no session, whatever he knows of it', async () => {
    const { access_token, refresh_token: token } = await signIn();
    const { sid } = JSON.parse(Buffer.from(access_token.split('.')[1]!, 'base64url').toString()) as { sid: string };
    for (const guess of [sid.replaceAll('-', '').padEnd(43, 'A'), 'A'.repeat(21) + token.slice(21)])
      expect((await refresh(guess)).status).toBe(401);
    expect((await refresh(token)).status).toBe(200);
  });

  it('may come several times at one moment, as from the tabs of a browser that starts: all get the same one', async () => {
    const { refresh_token: token } = await signIn();
    const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const next = new Set(((await Promise.all(answers.map((answer) => answer.json()))) as Pair[]).map((pair) => pair.refresh_token));
    expect(next.size).toBe(1);
    for (const successor of next) expect((await refresh(successor)).status).toBe(200);
  });

  it('counts no more when its session is too old or its user was switched off', async () => {
    await addUser('leaver');
    const { refresh_token: first } = await signIn('leaver');
    await nvr.database.session.updateMany({ where: { user: { username: 'leaver' } }, data: { expiresAt: new Date(Date.now() - 1_000) } });
    expect((await refresh(first)).status).toBe(401);
    expect(await nvr.database.session.count({ where: { user: { username: 'leaver' }, revokedBecause: 'reused' } })).toBe(0);
    const { refresh_token: second } = await signIn('leaver');
    expect(await nvr.database.session.count({ where: { user: { username: 'leaver' } } })).toBe(1);
    await nvr.database.user.update({ where: { username: 'leaver' }, data: { isActive: false } });
    expect((await refresh(second)).status).toBe(401);
  });

  it('that is none is refused like one that ended', async () => {
    for (const wrong of ['', 'x', 'A'.repeat(43), 'x'.repeat(256), '__proto__']) {
      const answer = await refresh(wrong);
      expect([wrong, answer.status]).toEqual([wrong, 401]);
    }
    expect((await post('refresh', undefined)).status).toBe(401);
    expect((await post('refresh', { refresh_token: 7 })).status).toBe(422);
  });
});

describe('the session of our own page', () => {
  const own = () => ({ origin: nvr.url });

  it('has its refresh token in a cookie that no script reads and no other route or site gets', async () => {
    const answer = await post('login-json?session=cookie', { username: 'admin', password: adminPassword }, own());
    expect(await answer.json()).toEqual({ access_token: expect.any(String), token_type: 'bearer' });
    expect(cookieOf(answer)).toMatch(
      /^nightjar_refresh=[A-Za-z0-9_-]{43}; Path=\/api\/v1\/auth; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    const again = await post('refresh', undefined, { ...own(), cookie: cookieOf(answer) });
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual({ access_token: expect.any(String), token_type: 'bearer' });
    expect(cookieOf(again)).toMatch(/^nightjar_refresh=/);
    expect(cookieOf(again)).not.toBe(cookieOf(answer));
  });

  it('is of no use to a page of another site (T12)', async () => {
    const cookie = cookieOf(await post('login-json?session=cookie', { username: 'admin', password: adminPassword }, own()));
    for (const headers of [{ origin: 'http://evil.example' }, {}, { origin: 'null' }, { ...own(), 'sec-fetch-site': 'cross-site' }])
      expect((await post('refresh', undefined, { ...headers, cookie } as Record<string, string>)).status).toBe(403);
    expect((await post('refresh', undefined, { ...own(), cookie })).status).toBe(200);
  });

  it('is begun by our own page only: no other site signs a browser in as somebody else (T12)', async () => {
    const form = new URLSearchParams({ username: 'admin', password: adminPassword });
    for (const headers of [{ origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }, { origin: 'null' }, {}]) {
      for (const [route, body] of [
        ['login?session=cookie', form],
        ['login-json?session=cookie', JSON.stringify(Object.fromEntries(form))],
      ] as const) {
        const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
        const sent = { ...headers, ...type } as Record<string, string>;
        const answer = await fetch(`${nvr.url}/api/v1/auth/${route}`, { method: 'POST', headers: sent, body });
        expect([headers, answer.status, cookieOf(answer)]).toEqual([headers, 403, '']);
      }
    }
    // Not even whether the password is right.
    const wrong = { username: 'admin', password: 'wrong' };
    expect((await post('login-json?session=cookie', wrong, { origin: 'http://evil.example' })).status).toBe(403);
    expect(await nvr.database.loginFailure.count()).toBe(0);
  });

  it('loses its cookie when the session has ended', async () => {
    const answer = await post('refresh', undefined, { ...own(), cookie: `nightjar_refresh=${'A'.repeat(43)}` });
    expect([answer.status, cookieOf(answer)]).toEqual([401, expect.stringContaining('Max-Age=0')]);
  });
});

describe('signing out', () => {
  it('ends this session at once, its access token with it, and no other', async () => {
    const [here, elsewhere] = await Promise.all([signIn(), signIn()]);
    const authorization = `Bearer ${here.access_token}`;
    const answer = await post('logout', undefined, { authorization });
    expect([answer.status, await answer.json()]).toEqual([200, { message: 'signed out' }]);
    expect(await me(here.access_token)).toBe(401);
    expect((await refresh(here.refresh_token)).status).toBe(401);
    expect(await me(elsewhere.access_token)).toBe(200);
    expect((await refresh(elsewhere.refresh_token)).status).toBe(200);
  });
});

describe('a new password (T9, CVE-2026-33124)', () => {
  it('asks for the old one, ends every other session and keeps this one', async () => {
    await addUser('changer');
    const [here, elsewhere] = await Promise.all([signIn('changer'), signIn('changer')]);
    const authorization = `Bearer ${here.access_token}`;
    const change = (current_password: string, new_password: string) =>
      post('change-password', { current_password, new_password }, { authorization });
    expect((await change('wrong', 'another horse battery')).status).toBe(401);
    expect((await change(adminPassword, 'short')).status).toBe(422);
    // An answer about the other session is remembered here when the password changes.
    expect(await me(elsewhere.access_token)).toBe(200);
    const answer = await change(adminPassword, 'another horse battery');
    expect(answer.status).toBe(200);
    const { access_token } = (await answer.json()) as Pair;
    expect(await me(access_token)).toBe(200);
    expect((await refresh(here.refresh_token)).status).toBe(200);
    expect((await refresh(elsewhere.refresh_token)).status).toBe(401);
    expect(await me(elsewhere.access_token)).toBe(401);
    expect((await post('login-json', { username: 'changer', password: adminPassword })).status).toBe(401);
    expect((await post('login-json', { username: 'changer', password: 'another horse battery' })).status).toBe(200);
  });
});
