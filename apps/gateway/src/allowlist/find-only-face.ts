import { inlinePictureBytesMax } from '@nightjar/contracts';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { AppError } from '@nightjar/runtime';

/** Largest picture of a person: the bus carries it whole, and the gateway decodes none. */
export const allowlistImageBytesMax = inlinePictureBytesMax;

/** What a model sees in a face. */
interface FaceVector {
  embedding: Float32Array;
  modelFingerprint: string;
}

/** Its model may have to be loaded first. */
const timeoutMs = 20_000;
const retryAfterMs = 5_000;

/**
 * Asks an adapter for the face on a picture.
 * @throws AppError `unprocessable` when the picture can't be read or shows no face or several, `payload_too_large`, `unavailable`
 *   when no adapter answers or none has a model for faces
 */
export async function findOnlyFace(
  dispatcher: Pick<InferenceDispatcher, 'infer'>,
  picture: Uint8Array,
  source: string,
): Promise<FaceVector> {
  if (picture.length > allowlistImageBytesMax)
    throw new AppError('payload_too_large', `the picture of a person has at most ${allowlistImageBytesMax} bytes`);
  const { faces = [], descriptor_model: model } = await ask(dispatcher, picture, source);
  const [face] = faces;
  if (!face || faces.length > 1)
    throw new AppError('unprocessable', `the picture must show exactly one face, it shows ${faces.length === 0 ? 'none' : faces.length}`, {
      details: { faces: faces.length },
    });
  if (!face.descriptor || !model) throw new AppError('unavailable', 'the adapters have no model that knows faces again', { retryAfterMs });
  return { embedding: Float32Array.from(face.descriptor), modelFingerprint: model.fingerprint };
}

/** On the batch lane: it waits where live work would be thrown away. */
async function ask(dispatcher: Pick<InferenceDispatcher, 'infer'>, picture: Uint8Array, source: string) {
  try {
    return await dispatcher.infer({ capability: 'face_detection', lane: 'batch', source, picture, timeoutMs, withDescriptors: true });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'deadline_exceeded')
      throw new AppError('unavailable', 'no adapter answered in time', { cause: error, retryAfterMs });
    if (error.retryable) throw error;
    throw new AppError('unprocessable', error.message, { cause: error });
  }
}
