import { z } from 'zod';
import { invalidField, parseInput } from '../http/parse-input.js';
import type { InferAdapter } from './adapter-directory.js';

/** What is read of a request for inference; everything else is the adapter's. */
const InferBody = z.looseObject({
  camera_id: z
    .union([z.number().int(), z.string().min(1).max(128)])
    .nullish()
    .transform((given) => (given == null ? undefined : String(given))),
  task: z.string().max(64).nullish(),
});

/** Fields by which adapters are told to look for a picture themselves, with rights of their own. */
const pictureAddresses = ['input', 'data', 'frame', 'frame1', 'frame2', 'frame_uri', 'frame_url', 'audio', 'video', 'url', 'uri'];

/** A request for inference as far as the NVR reads it. */
interface InferRequest {
  /** In any form that cameras are named in; undefined: about no camera. */
  readonly camera: string | undefined;
  /** Whether the newest picture of the camera is asked for: nothing else is sent. */
  readonly wantsPicture: boolean;
  /** As it came. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Reads a request for inference.
 * @param options.isTrusted false for callers who may not see everything: they send pictures, never addresses of pictures, which the
 *   adapter would open for them
 * @throws AppError `unprocessable`
 */
export function readInferRequest(body: unknown, { adapter, isTrusted }: { adapter: InferAdapter; isTrusted: boolean }): InferRequest {
  const { camera_id: camera } = parseInput(InferBody, body, 'body');
  const fields = body as Readonly<Record<string, unknown>>;
  const address = pictureAddresses.find((field) => fields[field] !== undefined);
  if (address !== undefined && !isTrusted)
    throw invalidField('body', address, 'is not taken here: send the picture as frame_b64, or camera_id alone for its newest one');
  const isBare = address === undefined && !Object.keys(fields).some((field) => field.endsWith('_b64'));
  return { camera, wantsPicture: adapter.ownTask !== undefined && isBare && camera !== undefined, fields };
}

/** What the adapter is sent: the request as it came, with what ours need and other adapters take for granted. */
export function adapterBody({ fields }: InferRequest, adapter: InferAdapter, picture: Buffer | undefined): Buffer {
  const needsTask = adapter.ownTask != null && fields.task == null;
  return Buffer.from(
    JSON.stringify({
      ...fields,
      ...(needsTask && { task: adapter.ownTask }),
      ...(picture && { frame_b64: picture.toString('base64') }),
    }),
  );
}
