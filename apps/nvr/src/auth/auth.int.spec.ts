import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

async function loginJson(body: unknown, url = nvr.url): Promise<Response> {
  return fetch(`${url}/api/v1/auth/login-json`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>);
  return { header: header ?? {}, claims: claims ?? {} };
}

describe('login', () => {
  it('answers the OAuth2 form and JSON with a bearer token', async () => {
    const form = await fetch(`${nvr.url}/api/v1/auth/login`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', username: 'admin', password: adminPassword }),
    });
    expect(form.status).toBe(200);
    expect(await form.json()).toEqual({ access_token: expect.any(String), refresh_token: expect.any(String), token_type: 'bearer' });
    expect((await loginJson({ username: 'admin', password: adminPassword })).status).toBe(200);
  });

  it('signs with RS256 for fifteen minutes, with issuer, audience, key id and token id', async () => {
    const { claims, header } = decode(nvr.token);
    const { keys } = (await (await fetch(`${nvr.url}/.well-known/jwks.json`)).json()) as { keys: Record<string, unknown>[] };
    expect(header).toMatchObject({ alg: 'RS256', kid: keys[0]?.kid });
    expect(keys[0]).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256' });
    expect(Object.keys(keys[0] ?? {})).not.toContain('d');
    expect(claims).toMatchObject({
      iss: 'nightjar',
      aud: 'nightjar',
      sub: 'admin',
      adm: true,
      typ: 'access',
      jti: expect.any(String),
      nbf: expect.any(Number),
    });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(900);
  });

  it('refuses a user name that Postgres could not even look for', async () => {
    expect((await loginJson({ username: 'admin\u0000', password: 'wrong' })).status).toBe(422);
  });

  it('tells neither from the other: an unknown user and a wrong password', async () => {
    const answers = await Promise.all([
      loginJson({ username: 'admin', password: 'wrong' }),
      loginJson({ username: 'nobody', password: 'wrong' }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(await answer.json()).toEqual({
        detail: { error: 'invalid_credentials', message: 'user name or password is wrong', remaining_attempts: 4 },
      });
    }
  });

  it('refuses a body without a password as 422 that does not repeat it', async () => {
    const answer = await loginJson({ username: ['secret'] });
    expect(answer.status).toBe(422);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ detail: [{ loc: ['body', 'username'] }, { loc: ['body', 'password'] }] });
    expect(text).not.toContain('secret');
  });

  it('refuses too many attempts from one address with 429 and Retry-After', async () => {
    const own = await startTestNvr();
    const statuses = [];
    for (let attempt = 0; attempt < 21; attempt++)
      statuses.push((await loginJson({ username: `user-${attempt}`, password: 'wrong' }, own.url)).status);
    expect(statuses.indexOf(429)).toBe(20);
    const refused = await loginJson({ username: 'admin', password: adminPassword }, own.url);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
    await own.stop();
  });
});

describe('a token', () => {
  it('shows who its bearer is', async () => {
    expect(await (await nvr.fetch('/api/v1/auth/me')).json()).toMatchObject({
      id: 1,
      username: 'admin',
      is_superuser: true,
      is_active: true,
    });
  });

  it.each([
    ['none', undefined],
    ['no scheme', 'token'],
    ['no token', 'Bearer x'],
  ])('that is missing (%s) is answered 401 with the scheme', async (_name, authorization) => {
    const answer = await fetch(`${nvr.url}/api/v1/auth/me`, { headers: authorization === undefined ? {} : { authorization } });
    expect([answer.status, answer.headers.get('www-authenticate'), await answer.json()]).toEqual([
      401,
      'Bearer',
      { detail: 'Not authenticated' },
    ]);
  });

  it('is refused when it was signed by someone else, or not at all', async () => {
    const [header = '', claims = ''] = nvr.token.split('.');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const forged = createSign('sha256').update(`${header}.${claims}`).sign(privateKey).toString('base64url');
    const unsignedHeader = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid: decode(nvr.token).header.kid })).toString(
      'base64url',
    );
    for (const token of [`${header}.${claims}.${forged}`, `${unsignedHeader}.${claims}.`]) {
      expect((await fetch(`${nvr.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    }
  });

  it('is refused within seconds after its user was switched off, and after his tokens were revoked', async () => {
    const user = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    await nvr.database.user.create({ data: { username: 'second', passwordHash: user.passwordHash } });
    const token = await logIn(nvr.url, { username: 'second', password: adminPassword });
    const status = async () => (await fetch(`${nvr.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status()).toBe(200);
    await nvr.database.user.update({ where: { username: 'second' }, data: { tokenVersion: 2 } });
    await until(async () => (await status()) === 401);
  });
});
