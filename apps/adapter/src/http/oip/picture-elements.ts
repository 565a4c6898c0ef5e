import { Base64Text } from '../../intake/base64-text.js';
import type { FrameResolver } from '../../intake/frame-resolver.js';
import { readFrames } from '../../intake/read-frames.js';
import type { OipCall } from './served-model.js';

const address = /^(opennvr|https?):\/\//i;
/** How JPEG, PNG and WebP begin in base64: JSON holds no bytes. */
const base64Picture = /^(\/9j\/|iVBORw0KGgo|UklGR)/;
const beginningBytes = 16;
const addressBytesMax = 2_048;

/**
 * The compressed picture that an element of BYTES stands for: itself, its base64, or the address of a frame.
 * @returns its bytes, and `camera:<directory>` where it is a frame of a camera
 * @throws AppError `invalid_argument`, `not_found`, `permission_denied`, `unavailable`
 */
export async function readPictureElement(
  element: Uint8Array,
  { field, frames, call }: { field: string; frames: FrameResolver; call: OipCall },
): Promise<{ bytes: Uint8Array; camera: string | undefined }> {
  const text = Buffer.from(element.buffer, element.byteOffset, element.byteLength);
  const beginning = text.toString('latin1', 0, beginningBytes);
  if (base64Picture.test(beginning)) return { bytes: await new Base64Text(text).decode(), camera: undefined };
  if (!address.test(beginning)) return { bytes: element, camera: undefined };
  const data = { [field]: { uri: text.toString('utf8', 0, addressBytesMax) } };
  const { pictures, camera } = await readFrames(
    { fields: [field], data, files: new Map() },
    { frames, timeoutMs: call.remainingMs(), caller: call },
  );
  return { bytes: pictures.get(field) ?? element, camera };
}
