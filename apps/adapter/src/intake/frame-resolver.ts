import { parseFrameUri, type FrameUri } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { BusFrames } from './bus-frames.js';
import type { FramesDirectory } from './frames-directory.js';

export interface FrameResolverOptions {
  readonly directory: FramesDirectory;
  /** Absent without a bus. */
  readonly bus: BusFrames | undefined;
  /** Frames directories that may be read; absent: all. */
  readonly allowed: ReadonlySet<string> | undefined;
}

/** From an `opennvr://` URI to the bytes of the picture it names. */
export class FrameResolver {
  constructor(private readonly options: FrameResolverOptions) {}

  /**
   * Reads the frame from the frames directory where there is one, else from the NVR over the bus.
   * @throws AppError `invalid_argument` (not a frame URI), `permission_denied` (not an allowed directory), `not_found`, `unavailable`
   */
  async read(uri: string, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<{ frame: FrameUri; bytes: Buffer }> {
    const frame = parseFrameUri(uri);
    if (!frame) throw new AppError('invalid_argument', 'Invalid frame URI');
    const { directory, bus, allowed } = this.options;
    if (allowed && !allowed.has(frame.directory))
      throw new AppError('permission_denied', 'the frames of this camera are not open to this adapter');
    if (await directory.exists()) return { frame, bytes: await directory.read(frame) };
    if (bus) return { frame, bytes: await bus.read(frame, options) };
    throw new AppError('not_found', 'Frame not found');
  }
}
