import type { IncomingHttpHeaders } from 'node:http';
import { requestHeaders } from '../http/routes.js';

/** Longer texts are no keys of ours and are not even hashed. */
const keyLengthMax = 256;

/**
 * The key that a request shows, in `X-API-Key` or as `Authorization: Bearer <key>`; the first wins.
 * @returns undefined when there is none, or what is there can't be a key
 */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const key = headers[requestHeaders.apiKey] ?? /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return typeof key === 'string' && key.length > 0 && key.length <= keyLengthMax ? key : undefined;
}
