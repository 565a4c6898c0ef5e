import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Plays the NVR where it issues tokens: a key set on a port, and what is signed with it. */
export interface NvrTokens {
  jwksUrl: string;
  /** A valid access token of tenant 1, unless `claims` say otherwise. */
  sign: (claims?: object) => string;
  stop: () => Promise<void>;
}

export async function startNvrTokens(issuer = 'nightjar'): Promise<NvrTokens> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const keySet = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }] });
  const server = createServer((_request, response) => response.end(keySet));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`,
    sign: (claims = {}) => {
      const nowUnix = Math.floor(Date.now() / 1_000);
      const registered = { iss: issuer, aud: 'nightjar', iat: nowUnix, nbf: nowUnix, exp: nowUnix + 60 };
      const own = { sub: 'viewer', uid: 7, tid: 1, adm: false, ver: 1, typ: 'access' };
      const text = `${part({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${part({ ...registered, ...own, ...claims })}`;
      return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
