import { parseFrameUri, type FrameUri } from '@nightjar/contracts';
import { AppError, deadlineSignal } from '@nightjar/runtime';
import type { BusFrames } from './bus-frames.js';
import type { FramesDirectory } from './frames-directory.js';
import type { RemoteFrames } from './remote-frames/remote-frames.js';
import { settledBefore } from '@nightjar/outbound';

interface FrameResolverOptions {
  readonly directory: FramesDirectory;
  /** Absent without a bus. */
  readonly bus: BusFrames | undefined;
  /** Frames directories that may be read; absent: all. */
  readonly allowed: ReadonlySet<string> | undefined;
  /** Absent: frames from http(s) URLs are off. */
  readonly remote?: RemoteFrames | undefined;
}

const remoteScheme = /^https?:\/\//i;

/** From an `opennvr://` URI, or an http(s) URL where these are on, to the bytes of the picture it names. */
export class FrameResolver {
  constructor(private readonly options: FrameResolverOptions) {}

  /**
   * Reads the frame from the frames directory where there is one, else from the NVR over the bus.
   * @returns the bytes, and what the URI says of them: nothing where it is a URL
   * @throws AppError `invalid_argument` (not a frame URI), `permission_denied` (not an allowed directory), `not_found`,
   *   `payload_too_large`, `overloaded`, `unavailable`, `deadline_exceeded`; the reason of the signal
   */
  async read(
    uri: string,
    options: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<{ frame: FrameUri | undefined; bytes: Buffer }> {
    if (remoteScheme.test(uri)) return { frame: undefined, bytes: await this.readRemote(uri, options) };
    const frame = parseFrameUri(uri);
    if (!frame) throw new AppError('invalid_argument', 'Invalid frame URI');
    const { directory, bus, allowed } = this.options;
    if (allowed && !allowed.has(frame.directory))
      throw new AppError('permission_denied', 'the frames of this camera are not open to this adapter');
    const signal = deadlineSignal(options.timeoutMs, options.signal);
    if (await settledBefore(directory.exists(), signal)) return { frame, bytes: await directory.read(frame, signal) };
    if (bus) return { frame, bytes: await bus.read(frame, options) };
    throw new AppError('not_found', 'Frame not found');
  }

  private readRemote(url: string, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<Buffer> {
    const { remote } = this.options;
    if (!remote)
      throw new AppError('invalid_argument', 'Invalid frame URI: frames from http(s) URLs are off (NIGHTJAR_ADAPTER_URL_FRAMES)');
    return remote.read(url, options);
  }
}
