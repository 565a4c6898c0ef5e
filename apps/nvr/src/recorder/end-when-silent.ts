import type { Readable } from 'node:stream';
import { hasErrorCode } from '@nightjar/runtime';

export interface SilenceLimits {
  /** Longest wait for the first chunk. */
  firstMsMax: number;
  /** Longest wait for each further one. */
  nextMsMax: number;
  onSilence: () => void;
}

/**
 * The chunks of a stream, with an eye on how long each lets wait: time that the caller takes is not counted. Ends with the
 * stream, also when that is destroyed.
 */
export async function* endWhenSilent(stream: Readable, limits: SilenceLimits): AsyncGenerator<Buffer, void, undefined> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  for (let waitMsMax = limits.firstMsMax; ; waitMsMax = limits.nextMsMax) {
    const timer = setTimeout(limits.onSilence, waitMsMax);
    try {
      const next = await chunks.next();
      if (next.done) return;
      clearTimeout(timer);
      yield next.value;
    } catch (error) {
      if (isClosed(error)) return;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** How a pipe that we or the other side closed looks from here. */
function isClosed(error: unknown): boolean {
  return hasErrorCode(error, 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE');
}
