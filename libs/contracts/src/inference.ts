import { z } from 'zod';
import { Detection, ModelIdentity, PictureSize } from './detection.js';
import { fact } from './bus-message.js';

/** Work that an adapter pulls from the bus, by capability. */
export const Capability = z.enum(['person_detection']);
export type Capability = z.infer<typeof Capability>;

/** Live work is worthless when late; batch work may wait but must not starve. */
export const Lane = z.enum(['live', 'batch']);
export type Lane = z.infer<typeof Lane>;

/** JSON part of an inference work item; its body is the picture (JPEG, PNG or WebP, at most `inlinePictureBytesMax`). */
export const InferenceRequest = z.object({
  capability: Capability,
  /** Who asks: the camera's frames name, or the job id. Cameras take turns by it. */
  source: z.string().min(1).max(128),
  request_id: z.string().max(128),
  /** Weaker detections are left out; absent: the adapter's own threshold. A tracker asks for weak ones too, to follow who is half hidden. */
  min_confidence: z.number().min(0).max(1).optional(),
});
export type InferenceRequest = z.infer<typeof InferenceRequest>;

export const InferenceResult = z.object({
  detections: z.array(Detection),
  picture: PictureSize,
  model: ModelIdentity,
  /** Receipt to reply inside the adapter. */
  latency_ms: z.number().int().min(0),
});
export type InferenceResult = z.infer<typeof InferenceResult>;

/** Pictures travel inside the message up to here; a sender shrinks what is larger. */
export const inlinePictureBytesMax = 512 * 1024;

/** Message headers of an inference work item. */
export const inferenceHeaders = { deadlineUnixMs: 'Nightjar-Deadline', replyTo: 'Nightjar-Reply' } as const;

/** One JetStream work queue per capability and lane. Bounds: `max_msgs` is the admission limit, `max_age` the longest wait. */
export function inferenceQueue(capability: Capability, lane: Lane) {
  return {
    streamName: `NIGHTJAR_INFER_${lane.toUpperCase()}_${capability}`,
    subject: `nightjar.infer.${lane}.${capability}`,
    consumerName: 'adapters',
    ...(lane === 'live' ? { messagesMax: 256, ageMaxMs: 2_000 } : { messagesMax: 512, ageMaxMs: 60_000 }),
  };
}

/** Published by every adapter each 5 s; a listener forgets one that was silent for 15 s. */
export const AdapterCapacity = z.object({
  adapter_id: z.string(),
  capabilities: z.array(Capability),
  slots_total: z.number().int().min(0),
  slots_busy: z.number().int().min(0),
  at_unix_ms: z.number(),
});
export type AdapterCapacity = z.infer<typeof AdapterCapacity>;

export const adapterCapacity = fact({
  subject: (capacity: AdapterCapacity) => `nightjar.capacity.adapter.${capacity.adapter_id}`,
  pattern: 'nightjar.capacity.adapter.*',
  payload: AdapterCapacity,
});
