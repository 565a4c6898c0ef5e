import { createHash } from 'node:crypto';
import type { RtspRequest } from './rtsp-message.js';

const realm = 'camera';

/** What a camera with Digest authentication asks with (RFC 7616, MD5 as most cameras). */
export function digestChallenge(nonce: string): string {
  return `Digest realm="${realm}", nonce="${nonce}", qop="auth", algorithm=MD5`;
}

/** Whether a request answers the challenge with the right password. */
export function isDigestAnswer(options: {
  request: RtspRequest;
  credentials: { readonly user: string; readonly password: string };
  nonce: string;
}): boolean {
  const { credentials, nonce, request } = options;
  const header = request.headers.get('authorization') ?? '';
  const valueOf = (name: string) => new RegExp(`\\b${name}="?([^",]*)`).exec(header)?.[1] ?? '';
  const secret = md5(`${credentials.user}:${realm}:${credentials.password}`);
  const expected = md5(`${secret}:${nonce}:${valueOf('nc')}:${valueOf('cnonce')}:auth:${md5(`${request.method}:${request.url}`)}`);
  return header.startsWith('Digest ') && valueOf('uri') === request.url && valueOf('response') === expected;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
