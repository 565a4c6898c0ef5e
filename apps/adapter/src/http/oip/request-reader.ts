import { Worker } from 'node:worker_threads';
import type { ErrorCode } from '@nightjar/contracts';
import { settledBefore } from '@nightjar/outbound';
import { AppError, deadlineSignal } from '@nightjar/runtime';
import { maxPictureBytes } from '../../intake/picture-header.js';
import { readOipRequest, smallJsonBytes, type OipRequest } from './infer-request.js';
import type { LargeRequest, LargeRequestReading } from './large-request-worker.js';

/** What waits and what is being read, together. Full: the request is told to come again. */
const heldMaxBytes = 4 * maxPictureBytes;
/** The largest request makes some 200 MiB of JavaScript's objects for a moment. */
const workerHeapMib = 512;
const workerEntry = new URL('./large-request-worker.js', import.meta.url);

/** Reads requests for inference: those with much JSON in a thread of its own, one after the other. It begins with the first of them. */
export class RequestReader {
  private worker: Worker | undefined;
  private lastTurn: Promise<unknown> = Promise.resolve();
  private heldBytes = 0;

  /** @param entry module of the thread; specs run no sources in one */
  constructor(private readonly entry: URL = workerEntry) {}

  /**
   * As `readOipRequest`. A large body belongs to the reader from now on: its memory goes to the other thread.
   * @throws AppError `invalid_argument`, `overloaded` (too many large ones wait), `unavailable` (the thread ended), `deadline_exceeded`;
   *   the signal's reason
   */
  async read(body: Uint8Array, headerBytes: number | undefined, wait: { timeoutMs: number; signal?: AbortSignal }): Promise<OipRequest> {
    if ((headerBytes ?? body.length) <= smallJsonBytes) return readOipRequest(body, headerBytes);
    const signal = deadlineSignal(wait.timeoutMs, wait.signal);
    const sizeBytes = body.length;
    if (this.heldBytes + sizeBytes > heldMaxBytes)
      throw new AppError('overloaded', 'too many large requests in JSON wait: send tensors as binary data', { retryAfterMs: 1_000 });
    this.heldBytes += sizeBytes;
    const turn = this.lastTurn.then(() => {
      signal.throwIfAborted();
      return this.readInThread({ body, headerBytes });
    });
    // What was begun is read to its end, also when nobody waits any more: until then its memory is taken.
    const free = () => void (this.heldBytes -= sizeBytes);
    this.lastTurn = turn.then(free, free);
    return settledBefore(turn, signal);
  }

  /** Ends the thread; a request that it reads fails. */
  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  private readInThread(request: LargeRequest): Promise<OipRequest> {
    const worker = (this.worker ??= this.startWorker());
    const { buffer, byteLength } = request.body;
    // A view of memory that others may look at too is copied.
    const isAlone = buffer.byteLength - byteLength < smallJsonBytes;
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        end();
      };
      const onMessage = (reading: LargeRequestReading) =>
        settle(() => ('request' in reading ? resolve(reading.request) : reject(new AppError(reading.code as ErrorCode, reading.message))));
      const fail = (cause: unknown) =>
        settle(() => reject(new AppError('unavailable', 'the request could not be read', { cause, retryAfterMs: 1_000 })));
      const onError = (error: unknown) => fail(error);
      const onExit = (code: number) => fail(new Error(`the thread that reads requests ended with ${code}`));
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(request, isAlone ? [buffer as ArrayBuffer] : []);
    });
  }

  private startWorker(): Worker {
    const worker = new Worker(this.entry, { resourceLimits: { maxOldGenerationSizeMb: workerHeapMib } });
    // A process that has nothing else to do may end.
    worker.unref();
    const forget = () => {
      if (this.worker === worker) this.worker = undefined;
    };
    // Out of memory is an error first; who waits for an answer hears of it too.
    worker.once('error', forget).once('exit', forget);
    return worker;
  }
}
