import { AppError } from '@nightjar/runtime';
import { readFrameReference } from './frame-reference.js';
import type { FrameResolver } from './frame-resolver.js';

interface FramesOfRequest {
  /** Compressed pictures by field name. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
  /** `camera:<directory>` of the first picture that has an `opennvr://` address. */
  readonly camera: string | undefined;
}

/**
 * Gets the pictures of a request: files that came with it, else what `data` refers to.
 * @param fields the fields that hold pictures; a single file may have any name
 * @param caller asked for the signal only where there is something to wait for
 * @throws AppError `invalid_argument` (missing, malformed), `not_found`, `permission_denied`, `unavailable`
 */
export async function readFrames(
  request: { fields: readonly string[]; data: Readonly<Record<string, unknown>>; files: ReadonlyMap<string, Uint8Array> },
  { frames, timeoutMs, caller }: { frames: FrameResolver; timeoutMs: number; caller: { readonly signal: AbortSignal } },
): Promise<FramesOfRequest> {
  const { fields, data, files } = request;
  const pictures = new Map<string, Uint8Array>();
  let camera: string | undefined;
  for (const field of fields) {
    const file = files.get(field) ?? (fields.length === 1 && files.size === 1 ? [...files.values()][0] : undefined);
    if (file) {
      pictures.set(field, file);
      continue;
    }
    const reference = Object.hasOwn(data, field) ? data[field] : undefined;
    if (reference === undefined || reference === null) throw new AppError('invalid_argument', `Missing '${field}'`);
    const read = await readFrameReference(field, reference);
    if ('bytes' in read) {
      pictures.set(field, read.bytes);
    } else {
      const { frame, bytes } = await frames.read(read.uri, { timeoutMs, signal: caller.signal });
      pictures.set(field, bytes);
      if (frame) camera ??= `camera:${frame.directory}`;
    }
  }
  return { pictures, camera };
}
