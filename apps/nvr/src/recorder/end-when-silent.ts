import type { Readable } from 'node:stream';
import { Patience } from '@nightjar/media';
import { hasErrorCode } from '@nightjar/runtime';

interface SilenceLimits {
  /** Longest wait for the next chunk; asked before each. */
  msMax: () => number;
  onSilence: () => void;
}

/**
 * The chunks of a stream, with an eye on how long each lets wait: time that the caller takes is not counted, nor is time in which this
 * process did nothing. Ends with the stream, also when that is destroyed.
 */
export async function* endWhenSilent(stream: Readable, { msMax, onSilence }: SilenceLimits): AsyncGenerator<Buffer, void, undefined> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  let waitMs = msMax();
  let patience = new Patience(waitMs, onSilence);
  try {
    for (;;) {
      const next = await chunks.next();
      if (next.done) return;
      patience.hold(true);
      yield next.value;
      patience.hold(false);
      if (waitMs === msMax()) continue;
      patience.end();
      waitMs = msMax();
      patience = new Patience(waitMs, onSilence);
    }
  } catch (error) {
    if (isClosed(error)) return;
    throw error;
  } finally {
    patience.end();
  }
}

/** How a pipe that we or the other side closed looks from here. */
function isClosed(error: unknown): boolean {
  return hasErrorCode(error, 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE');
}
