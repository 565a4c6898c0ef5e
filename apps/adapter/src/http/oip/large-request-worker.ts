import { parentPort } from 'node:worker_threads';
import { toAppError } from '@nightjar/runtime/app-error';
import { readOipRequest, type OipRequest } from './infer-request.js';
import type { WireTensor } from './wire-tensor.js';

/** A request that is to be read. Its bytes come over without being copied. */
export interface LargeRequest {
  readonly body: Uint8Array;
  readonly headerBytes: number | undefined;
}

/** What was read, or why it cannot be: errors lose their class between threads. */
export type LargeRequestReading = { readonly request: OipRequest } | { readonly code: string; readonly message: string };

/** Entry of the thread that reads large requests, one after the other, until it is ended. */
parentPort?.on('message', ({ body, headerBytes }: LargeRequest) => {
  try {
    const request = readOipRequest(body, headerBytes);
    parentPort?.postMessage({ request } satisfies LargeRequestReading, transferable(request.inputs));
  } catch (error) {
    const { code, message } = toAppError(error);
    parentPort?.postMessage({ code, message } satisfies LargeRequestReading);
  }
});

/** Memory that can change hands: what a tensor has for itself, or shares with its request only. Short elements lie in Node's pool. */
function transferable(inputs: readonly WireTensor[]): ArrayBuffer[] {
  const parts = inputs.flatMap((input) => (input.datatype === 'BYTES' ? input.elements : [input.bytes]));
  const buffers = parts.filter(({ byteLength }) => byteLength > Buffer.poolSize).map(({ buffer }) => buffer as ArrayBuffer);
  return [...new Set(buffers)];
}
