import { frameBytesMax, readFrame, type FrameUri } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, deadlineSignal } from '@nightjar/runtime';

/** `latest.jpg` is replaced every second: a read may meet two versions and starts again. */
const readsMax = 3;

/** Frames asked of the NVR, part by part, where this machine has no frames directory. */
export class BusFrames {
  constructor(private readonly bus: Bus) {}

  /** @throws AppError `not_found`, `invalid_argument`, `payload_too_large`; `unavailable` or `deadline_exceeded` when nobody answers */
  async read(frame: FrameUri, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<Buffer> {
    const signal = deadlineSignal(options.timeoutMs, options.signal);
    for (let attempt = 0; attempt < readsMax; attempt++) {
      const bytes = await this.readWhole(`opennvr://frames/${frame.directory}/${frame.file}`, { timeoutMs: options.timeoutMs, signal });
      if (bytes) return bytes;
    }
    throw new AppError('unavailable', 'the frame changes faster than it can be read', { retryAfterMs: 1_000 });
  }

  /** @returns undefined when the frame was replaced in the middle */
  private async readWhole(uri: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = [];
    let offset = 0;
    let first: { modified_unix_ms: number; size_bytes: number } | undefined;
    for (;;) {
      const { value, body } = await this.bus.requestWithBody(readFrame, { uri, offset }, options);
      if (value.size_bytes > frameBytesMax) throw new AppError('payload_too_large', `the frame has more than ${frameBytesMax} bytes`);
      first ??= value;
      if (value.modified_unix_ms !== first.modified_unix_ms || value.size_bytes !== first.size_bytes) return undefined;
      parts.push(body);
      offset += body.length;
      if (offset > value.size_bytes) throw new AppError('unavailable', 'the frame is longer than it says', { retryAfterMs: 1_000 });
      if (offset === value.size_bytes) return Buffer.concat(parts);
      if (body.length === 0) throw new AppError('unavailable', 'the frame ends too early', { retryAfterMs: 1_000 });
    }
  }
}
