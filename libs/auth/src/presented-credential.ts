import type { IncomingHttpHeaders } from 'node:http';

/** Longer texts are no keys of ours and are not even hashed. */
const keyLengthMax = 256;
/** A signed token begins with the base64 of `{"`. Keys of ours have no dots. */
const tokenShape = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/** What a request shows to say who calls. */
type PresentedCredential = { kind: 'key'; key: string } | { kind: 'token' };

/**
 * The key in the header for keys, or the key or token behind `Authorization: Bearer`; the first wins.
 * @param keyHeader in lower case
 * @returns undefined when there is none, or what is there can be neither
 */
export function presentedCredential(headers: IncomingHttpHeaders, keyHeader: string): PresentedCredential | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const key = headers[keyHeader] ?? bearer;
  if (key === bearer && bearer !== undefined && tokenShape.test(bearer)) return { kind: 'token' };
  return typeof key === 'string' && key.length > 0 && key.length <= keyLengthMax ? { kind: 'key', key } : undefined;
}
