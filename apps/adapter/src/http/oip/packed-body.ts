import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { AppError, hasErrorCode } from '@nightjar/runtime';

const unpackers: ReadonlyMap<string, typeof gunzip> = new Map([
  ['gzip', gunzip],
  ['deflate', inflate],
]);

/**
 * The body as it was before the client packed it. Callers are known by then: nothing is unpacked for strangers.
 * @param maxBytes of the unpacked body
 * @throws AppError `unsupported_media_type`, `payload_too_large`, or `invalid_argument` when the body is damaged
 */
export async function unpackBody(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  const unpack = unpackers.get(encoding);
  if (!unpack) throw new AppError('unsupported_media_type', 'Content-Encoding is gzip, deflate or left out');
  try {
    return await promisify<Buffer, { maxOutputLength: number }, Buffer>(unpack)(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (hasErrorCode(cause, 'ERR_BUFFER_TOO_LARGE'))
      throw new AppError('payload_too_large', `the unpacked body is larger than ${maxBytes} bytes`, { cause });
    throw new AppError('invalid_argument', `the body is no ${encoding}`, { cause });
  }
}
