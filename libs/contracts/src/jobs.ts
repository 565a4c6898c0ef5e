import { z } from 'zod';
import { fact, rpc } from './bus-message.js';
import { Detection, PictureSize } from './detection.js';

export const MediaType = z.enum(['video', 'image']);
export type MediaType = z.infer<typeof MediaType>;

export const JobState = z.enum(['queued', 'processing', 'finished', 'failed', 'cancelled']);
export type JobState = z.infer<typeof JobState>;

/** `video_<uuidv7>` or `image_batch_<uuidv7>`. */
export const JobId = z.string().regex(/^(video|image_batch)_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
export type JobId = z.infer<typeof JobId>;

/** Why a job or an item failed, as the client reads it. */
export const JobError = z.object({ code: z.string(), message: z.string() });
export type JobError = z.infer<typeof JobError>;

/** Seconds from the start of the video; half-open. */
export const TimeSegment = z.object({ start_seconds: z.number().min(0), end_seconds: z.number().min(0) });
export type TimeSegment = z.infer<typeof TimeSegment>;

/** One person as the job API tells of it. What no stage computed yet keeps its neutral value. */
export const PersonId = z.object({
  age: z.number().nullable(),
  gender: z.enum(['male', 'female', 'unidentified']),
  face_embedding: z.array(z.number()),
  face_thumbnail: z.string().nullable(),
  allowlisted: z.boolean(),
  relative_prominence: z.number().min(0).max(1),
});
export type PersonId = z.infer<typeof PersonId>;

export const PersonConstellationScene = z.object({ time_segment: TimeSegment, person_ids: z.array(PersonId) });
export type PersonConstellationScene = z.infer<typeof PersonConstellationScene>;

export const OcrResult = z.object({ language_code: z.string(), full_text: z.string(), time_segment: TimeSegment });
export const Section = z.object({
  section_tag: z.string(),
  time_segments: z.array(TimeSegment),
  thumbnail_timestamp: z.number(),
  confidence: z.number(),
  is_critical: z.boolean(),
  relative_activity: z.number(),
});

export const VideoResult = z.object({
  raw_scenes: z.array(TimeSegment),
  frame_activity_diffs: z.array(z.number().min(0).max(1)),
  person_constellation_scenes: z.array(PersonConstellationScene),
  ocr_results: z.array(OcrResult),
  sections: z.array(Section),
});
export type VideoResult = z.infer<typeof VideoResult>;

export const ImageResult = z.object({
  person_ids: z.array(PersonId),
  /** Ours, beside the contract's fields: where the persons are, in pixels of the picture sent. */
  person_detections: z.array(Detection),
  picture: PictureSize,
  ocr_results: z.array(z.object({ language_code: z.string(), full_text: z.string() })),
});
export type ImageResult = z.infer<typeof ImageResult>;

export const ItemOutcome = z.discriminatedUnion('state', [
  z.object({ index: z.number().int().min(0), state: z.literal('finished'), result: ImageResult }),
  z.object({ index: z.number().int().min(0), state: z.literal('failed'), error: JobError }),
]);
export type ItemOutcome = z.infer<typeof ItemOutcome>;

const leasedJob = {
  job_id: JobId,
  lease: z.uuid(),
  attempt: z.number().int().min(1),
  lease_ms: z.number().int(),
  /** What is left of the job's processing bound when the lease begins; absent or null: unbounded. Over it the agent stops and beats once more. */
  processing_ms_left: z.number().int().min(0).nullish(),
};

/** A leased job. `lease` is the fencing token: every later message of this attempt carries it. Files are relative to the media store. */
export const Work = z.discriminatedUnion('media_type', [
  z.object({ media_type: z.literal('video'), ...leasedJob, file: z.string() }),
  z.object({
    media_type: z.literal('image'),
    ...leasedJob,
    items: z.array(z.object({ index: z.number().int().min(0), file: z.string() })),
  }),
]);
export type Work = z.infer<typeof Work>;
export type VideoWork = Extract<Work, { media_type: 'video' }>;
export type ImageWork = Extract<Work, { media_type: 'image' }>;

/** An agent with a free slot asks for work; `work` is null when none waits. */
export const claimJob = rpc({
  subject: 'nightjar.jobs.claim',
  request: z.object({ agent_id: z.string() }),
  reply: z.object({ work: Work.nullable() }),
});

/** Every third of the lease. `lost`: another attempt owns the job, drop everything. `cancel`, `late`: stop, the gateway ends the job. */
export const beatJob = rpc({
  subject: 'nightjar.jobs.beat',
  request: z.object({ job_id: JobId, lease: z.uuid(), progress: z.number().min(0).max(1), stage: z.string().max(64) }),
  reply: z.object({ verdict: z.enum(['continue', 'cancel', 'late', 'lost']) }),
});

export const JobOutcome = z.discriminatedUnion('state', [
  z.discriminatedUnion('media_type', [
    z.object({ state: z.literal('finished'), media_type: z.literal('video'), result: VideoResult }),
    z.object({ state: z.literal('finished'), media_type: z.literal('image'), items: z.array(ItemOutcome) }),
  ]),
  z.object({ state: z.literal('failed'), error: JobError }),
  /** The agent can't go on through no fault of the job (shutdown, no adapter): another attempt follows at once. */
  z.object({ state: z.literal('returned'), reason: z.string() }),
]);
export type JobOutcome = z.infer<typeof JobOutcome>;

/** `accepted` is false when the lease is not the current one: the result of a lost attempt is refused. */
export const finishJob = rpc({
  subject: 'nightjar.jobs.finish',
  request: z.object({ job_id: JobId, lease: z.uuid(), outcome: JobOutcome }),
  reply: z.object({ accepted: z.boolean() }),
});

/** A nudge: a job was queued. Agents poll every 2 s all the same. */
export const jobQueued = fact({
  subject: () => 'nightjar.jobs.queued',
  pattern: 'nightjar.jobs.queued',
  payload: z.object({ job_id: JobId }),
});
