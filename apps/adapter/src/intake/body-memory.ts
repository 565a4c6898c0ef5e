import { MessageChannel } from 'node:worker_threads';

/** What is smaller costs less to leave to the garbage collector than to hand over. */
const worthwhileBytes = 16 * 1024;

const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Memory that a request took for its body, outside the heap: given back as a whole when nobody needs it any more. Left to the
 * garbage collector, it piles up until that looks through the whole heap, and every request fills memory that is in no cache.
 */
export class BodyMemory {
  private readonly buffers: ArrayBuffer[] = [];

  /** Takes charge of the memory behind this view, which nobody else may look at. Views of less than their whole memory are left alone. */
  own({ buffer, byteOffset, byteLength }: Uint8Array): void {
    if (byteLength < worthwhileBytes || byteOffset > 0 || byteLength < buffer.byteLength) return;
    if (buffer instanceof ArrayBuffer) this.buffers.push(buffer);
  }

  /**
   * Frees it all. Views of it are empty from then on, so that whoever looks too late sees nothing, and never another caller's bytes.
   * An array has no end of its own in JavaScript, but what is handed over to a port leaves it, and a closed port keeps nothing.
   */
  giveBack(): void {
    // What went to another thread meanwhile is not here any more.
    const present = this.buffers.splice(0).filter(({ byteLength }) => byteLength > 0);
    if (present.length > 0) nowhere.postMessage(undefined, present);
  }
}
