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
  let isWaiting = true;
  const onSilence = () => {
    if (isWaiting) limits.onSilence();
  };
  let timer = setTimeout(onSilence, limits.firstMsMax);
  try {
    for (let isFirst = true; ; isFirst = false) {
      const next = await chunks.next();
      if (next.done) return;
      isWaiting = false;
      yield next.value;
      isWaiting = true;
      if (!isFirst) timer.refresh();
      else {
        clearTimeout(timer);
        timer = setTimeout(onSilence, limits.nextMsMax);
      }
    }
  } catch (error) {
    if (isClosed(error)) return;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** How a pipe that we or the other side closed looks from here. */
function isClosed(error: unknown): boolean {
  return hasErrorCode(error, 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE');
}
