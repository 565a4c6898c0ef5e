import { AppError } from '@nightjar/runtime';

const firstCapacityBytes = 64 * 1024;
/** A length that was announced is believed up to here: no memory for a lie. */
const expectedMaxBytes = 1024 * 1024;

/**
 * Bytes that arrive in pieces of any size, kept in one buffer that doubles: a million pieces of one byte cost a megabyte, where
 * a list of them would cost a hundred.
 */
export class BoundedBytes {
  private buffer = Buffer.alloc(0);
  private filled = 0;

  constructor(
    private readonly options: {
      readonly maxBytes: number;
      /** What was announced; 0 when nothing was. */
      readonly expectedBytes: number;
    },
  ) {}

  /** Bytes that have arrived. */
  get length(): number {
    return this.filled;
  }

  /** Bytes of memory that are taken. */
  get capacity(): number {
    return this.buffer.length;
  }

  /** @throws AppError `payload_too_large` */
  append(chunk: Uint8Array): void {
    const length = this.filled + chunk.length;
    const { maxBytes } = this.options;
    if (length > maxBytes) throw new AppError('payload_too_large', `the answer has more than ${maxBytes} bytes`);
    if (length > this.buffer.length) this.makeRoomFor(length);
    this.buffer.set(chunk, this.filled);
    this.filled = length;
  }

  /** What has arrived; nothing may be appended afterwards. */
  take(): Buffer {
    return this.buffer.subarray(0, this.filled);
  }

  private makeRoomFor(length: number): void {
    const { maxBytes, expectedBytes } = this.options;
    const first = expectedBytes > 0 ? Math.min(expectedBytes, expectedMaxBytes) : firstCapacityBytes;
    const capacity = Math.min(maxBytes, Math.max(length, first, this.buffer.length * 2));
    const larger = Buffer.allocUnsafeSlow(capacity);
    larger.set(this.buffer.subarray(0, this.filled));
    this.buffer = larger;
  }
}
