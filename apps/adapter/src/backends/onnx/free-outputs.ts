import { MessageChannel } from 'node:worker_threads';
import type { Tensors } from '../tensor.js';

const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Gives the memory of outputs back at once; their arrays are empty from then on. Left to the garbage collector, the two megabytes
 * of each picture pile up until it looks through the whole heap, and bring that nearer.
 * An array has no end of its own in JavaScript, but what is handed over to a port leaves it, and a closed port keeps nothing.
 * @param outputs none of them shared with anybody else
 */
export function freeOutputs(outputs: Tensors): void {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of outputs.values()) {
    if (!Array.isArray(data) && data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
  }
  nowhere.postMessage(undefined, [...buffers]);
}
