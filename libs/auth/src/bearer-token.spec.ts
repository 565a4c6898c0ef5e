import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { createBearerAuthenticator } from './bearer-token.js';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const nowSeconds = Math.floor(Date.now() / 1000);
const goodClaims = {
  sub: 'admin',
  uid: 1,
  tid: 1,
  adm: true,
  ver: 1,
  typ: 'access',
  iss: 'nightjar',
  aud: 'nightjar',
  iat: nowSeconds,
  nbf: nowSeconds,
  exp: nowSeconds + 60,
};
const goodHeader = { alg: 'RS256', typ: 'JWT', kid: 'k1' };

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
function sign(claims: object, header: object = goodHeader): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
}
function signHmac(claims: object): string {
  const text = `${part({ ...goodHeader, alg: 'HS256' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', publicPem).update(text).digest('base64url')}`;
}

const request = (token?: string) =>
  ({ headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }) as unknown as FastifyRequest;
const findKey = async (kid: string) => (kid === 'k1' ? publicPem : undefined);
const authenticate = createBearerAuthenticator({ issuer: 'nightjar', findKey });

describe('a bearer token', () => {
  it('that we signed tells who calls', async () => {
    await expect(authenticate(request(sign(goodClaims)))).resolves.toEqual({
      kind: 'user',
      userId: 1,
      username: 'admin',
      tenantId: 1,
      isSuperuser: true,
    });
  });

  it.each([
    ['is absent', undefined],
    ['is no token', 'abc'],
    ['is expired', sign({ ...goodClaims, exp: nowSeconds - 1 })],
    ['is not valid yet', sign({ ...goodClaims, nbf: nowSeconds + 60 })],
    ['comes from another issuer', sign({ ...goodClaims, iss: 'other' })],
    ['is for another audience', sign({ ...goodClaims, aud: 'mediamtx' })],
    ['is a refresh token', sign({ ...goodClaims, typ: 'refresh' })],
    ['names an unknown key', sign(goodClaims, { ...goodHeader, kid: 'k2' })],
    ['names no key', sign(goodClaims, { alg: 'RS256' })],
    ['has no signature', `${part({ alg: 'none', kid: 'k1' })}.${part(goodClaims)}.`],
    ['is signed with the public key as an HMAC secret', signHmac(goodClaims)],
    ['was changed', sign(goodClaims).replace(/\.[^.]+\./, `.${part({ ...goodClaims, uid: 2 })}.`)],
  ])('that %s is refused', async (_why, token) => {
    await expect(authenticate(request(token))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('of a user who was revoked is refused', async () => {
    const revoked = createBearerAuthenticator({ issuer: 'nightjar', findKey, accepts: async () => false });
    await expect(revoked(request(sign(goodClaims)))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('that was good before is refused once its key is withdrawn, and once its user may not use it', async () => {
    let key: string | undefined = publicPem;
    let isRevoked = false;
    const changing = createBearerAuthenticator({ issuer: 'nightjar', findKey: async () => key, accepts: async () => !isRevoked });
    const token = sign(goodClaims);
    await changing(request(token));
    isRevoked = true;
    await expect(changing(request(token))).rejects.toMatchObject({ code: 'unauthenticated' });
    isRevoked = false;
    await expect(changing(request(token))).resolves.toMatchObject({ userId: 1 });
    key = undefined;
    await expect(changing(request(token))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('that was changed is refused, though the one it was made of was good before', async () => {
    const token = sign(goodClaims);
    await authenticate(request(token));
    const changed = token.replace(/\.[^.]+\./, `.${part({ ...goodClaims, uid: 2 })}.`);
    await expect(authenticate(request(changed))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is refused when the key is no key', async () => {
    const broken = createBearerAuthenticator({ issuer: 'nightjar', findKey: async () => 'no key' });
    await expect(broken(request(sign(goodClaims)))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is not called bad when the keys of tokens cannot be had', async () => {
    const away = createBearerAuthenticator({
      issuer: 'nightjar',
      findKey: () => Promise.reject(new AppError('unavailable', 'the NVR is away')),
    });
    await expect(away(request(sign(goodClaims)))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is not called bad when the database that knows the user is away', async () => {
    const away = createBearerAuthenticator({
      issuer: 'nightjar',
      findKey,
      accepts: () => Promise.reject(new AppError('unavailable', 'database is away')),
    });
    await expect(away(request(sign(goodClaims)))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
