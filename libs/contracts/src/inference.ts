import { z } from 'zod';
import { BoxLtwh, Detection, ModelIdentity, PictureSize } from './detection.js';
import { fact } from './bus-message.js';

/** Work that an adapter pulls from the bus, by capability. */
export const Capability = z.enum(['person_detection', 'object_detection', 'face_detection', 'text_recognition', 'scene_description']);
export type Capability = z.infer<typeof Capability>;

/** Live work is worthless when late; batch work may wait but must not starve. */
export const Lane = z.enum(['live', 'batch']);
export type Lane = z.infer<typeof Lane>;

/** Parts of one picture that one question may ask about: each costs a run of the model. */
const inferenceRegionsMax = 8;

/** JSON part of an inference work item; its body is the picture (JPEG, PNG or WebP, at most `inlinePictureBytesMax`). */
export const InferenceRequest = z.object({
  capability: Capability,
  /** Who asks: the camera's frames name, or the job id. Cameras take turns by it. */
  source: z.string().min(1).max(128),
  request_id: z.string().max(128),
  /** Weaker detections are left out; absent: the adapter's own threshold. A tracker asks for weak ones too, to follow who is half hidden. */
  min_confidence: z.number().min(0).max(1).optional(),
  /** Of `object_detection`: only these labels; absent: all. */
  labels: z.array(z.string().max(200)).max(100).optional(),
  /** Of detections of objects and persons: only these parts are looked at, each as a picture of its own; absent: the whole, once. */
  regions: z.array(BoxLtwh).min(1).max(inferenceRegionsMax).optional(),
  /** Of `face_detection`: a vector for each face, by which it can be known again. */
  with_descriptors: z.boolean().optional(),
});
export type InferenceRequest = z.infer<typeof InferenceRequest>;

/** A face on one frame. */
export const FaceOnFrame = z.object({
  bbox: BoxLtwh,
  confidence: z.number().min(0).max(1),
  /** Image-left eye, image-right eye, nose, image-left and image-right corner of the mouth, in pixels. */
  landmarks: z.array(z.tuple([z.number(), z.number()])).optional(),
  age: z.number().int().min(0).optional(),
  gender: z.enum(['M', 'F']).optional(),
  /** Of length 1; compare by cosine, and only those of one `descriptor_model`. */
  descriptor: z.array(z.number()).optional(),
});
export type FaceOnFrame = z.infer<typeof FaceOnFrame>;

/** A line of text on one frame. */
export const TextOnFrame = z.object({
  text: z.string(),
  confidence: z.number().min(0).max(1),
  bbox: BoxLtwh,
  /** ISO 639-1, or `und`. */
  language_code: z.string(),
});
export type TextOnFrame = z.infer<typeof TextOnFrame>;

/** What an adapter answers; `detections` is empty for capabilities that are not about objects. */
export const InferenceResult = z.object({
  /** `region`: on which of the regions that were asked about, by place; absent: on the whole picture, also of an adapter that knows no regions. */
  detections: z.array(Detection.extend({ region: z.number().int().min(0).optional() })),
  /** What the detector makes of a picture or region before it looks. */
  model_input: PictureSize.optional(),
  faces: z.array(FaceOnFrame).optional(),
  /** Which weights made the descriptors of the faces, and the cosine from which two are one person. */
  descriptor_model: ModelIdentity.extend({ threshold: z.number() }).optional(),
  lines: z.array(TextOnFrame).optional(),
  caption: z.object({ text: z.string(), model_id: z.string(), source: z.enum(['template', 'model']) }).optional(),
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

/** Whoever asked waits no longer: what waits or runs for it may be dropped. Lost, it costs an adapter the rest of one item's work. */
export const inferenceCancelled = fact({
  subject: () => 'nightjar.infer.cancelled',
  pattern: 'nightjar.infer.cancelled',
  payload: z.object({ request_id: z.string().max(128) }),
});

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
  /** Requests that wait inside the adapter. */
  queued: z.number().int().min(0).optional(),
  /** Whether all engine processes are up and all models usable. */
  healthy: z.boolean().optional(),
  /** `name@version` of models in memory: work for them starts at once. */
  models_loaded: z.array(z.string()).optional(),
  at_unix_ms: z.number(),
});
export type AdapterCapacity = z.infer<typeof AdapterCapacity>;

export const adapterCapacity = fact({
  subject: (capacity: AdapterCapacity) => `nightjar.capacity.adapter.${capacity.adapter_id}`,
  pattern: 'nightjar.capacity.adapter.*',
  payload: AdapterCapacity,
});
