import { IncomingMessage } from 'node:http';
import { AppError } from '@nightjar/runtime';
import { BodyMemory } from '../../intake/body-memory.js';

/** Where nothing was announced. */
const firstCapacityBytes = 64 * 1024;
/**
 * As much as anybody gets for an announcement. Reserved memory costs none until it is written to, but the garbage collector counts it,
 * and hurries: 300 callers who announced 32 MiB each and sent a byte took two seconds of the thread that answers everybody.
 */
const takenOnTrustBytes = 1024 * 1024;

/**
 * Reads a request's body into one buffer, piece by piece: to join the pieces of 32 MiB at the end would keep every other caller
 * waiting. Who has sent a megabyte is believed the rest of what was announced. How long it may take is for the server's own time limits.
 * @param memory takes charge of the buffer
 * @throws AppError `payload_too_large`, `invalid_argument` when the body breaks off or has another length than it said
 */
export async function readWhole(payload: IncomingMessage, maxBytes: number, memory?: BodyMemory): Promise<Buffer> {
  const announced = payload.headers['content-length'];
  const announcedBytes = announced === undefined ? undefined : Number(announced);
  if (announcedBytes !== undefined && announcedBytes > maxBytes) throw bodyTooLarge(maxBytes);
  let buffer = Buffer.allocUnsafeSlow(Math.min(announcedBytes ?? firstCapacityBytes, takenOnTrustBytes));
  let filled = 0;
  const copied = new BodyMemory();
  await takePieces(payload, (piece) => {
    const length = filled + piece.length;
    if (length > maxBytes) throw bodyTooLarge(maxBytes);
    if (length > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes, Math.max(length, announcedBytes ?? 2 * buffer.length)));
      larger.set(buffer.subarray(0, filled));
      copied.own(buffer);
      buffer = larger;
    }
    buffer.set(piece, filled);
    filled = length;
    // The server's parser makes each piece for whoever listens; other streams may keep theirs.
    if (payload instanceof IncomingMessage) copied.own(piece);
  });
  copied.giveBack();
  memory?.own(buffer);
  if (announcedBytes !== undefined && announcedBytes !== filled)
    throw new AppError('invalid_argument', 'the body has another length than its Content-Length');
  return buffer.subarray(0, filled);
}

/** A body may not have more bytes than this. */
export function bodyTooLarge(maxBytes: number): AppError {
  return new AppError('payload_too_large', `the body is larger than ${maxBytes} bytes`);
}

/** By listeners: an iterator over the stream costs a small request a tenth of its time. */
function takePieces(payload: IncomingMessage, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => {
      payload.off('data', onData).off('end', settle).off('error', onBroken).off('close', onBroken);
      if (error === undefined) return resolve();
      // What is left of it comes to nobody.
      payload.resume();
      reject(error as Error);
    };
    const onData = (piece: Buffer) => {
      try {
        take(piece);
      } catch (error) {
        settle(error);
      }
    };
    const onBroken = (cause?: unknown) => settle(new AppError('invalid_argument', 'the body breaks off', { cause }));
    payload.on('data', onData).once('end', settle).once('error', onBroken).once('close', onBroken);
  });
}
