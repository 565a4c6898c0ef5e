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
export type OcrResult = z.infer<typeof OcrResult>;

export const Section = z.object({
  section_tag: z.string(),
  time_segments: z.array(TimeSegment),
  thumbnail_timestamp: z.number(),
  confidence: z.number(),
  is_critical: z.boolean(),
  relative_activity: z.number(),
});
export type Section = z.infer<typeof Section>;

/** What a job can do without when no adapter offers it, or when the model fails on a picture. */
export const OptionalStage = z.enum(['faces', 'text', 'objects']);
export type OptionalStage = z.infer<typeof OptionalStage>;

/** Ours, additive: stages that could not be done for all of it, so that their fields say less than they might. Absent: all were done. */
const incompleteStages = z.array(OptionalStage).optional();

export const VideoResult = z.object({
  raw_scenes: z.array(TimeSegment),
  frame_activity_diffs: z.array(z.number().min(0).max(1)),
  person_constellation_scenes: z.array(PersonConstellationScene),
  ocr_results: z.array(OcrResult),
  sections: z.array(Section),
  incomplete_stages: incompleteStages,
});
export type VideoResult = z.infer<typeof VideoResult>;

export const ImageResult = z.object({
  person_ids: z.array(PersonId),
  /** Ours, beside the contract's fields: where the persons are, in pixels of the picture sent. */
  person_detections: z.array(Detection),
  picture: PictureSize,
  ocr_results: z.array(z.object({ language_code: z.string(), full_text: z.string() })),
  /** Ours: everything that the object detector knows, persons included. Absent in results from before it was told. */
  object_detections: z.array(Detection).optional(),
  incomplete_stages: incompleteStages,
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

/** Which weights made the `face_embedding`s of a result, and the cosine from which two are one person. */
export const FaceModel = z.object({ fingerprint: z.string().max(128), threshold: z.number().min(-1).max(1) });
export type FaceModel = z.infer<typeof FaceModel>;

const finishedJob = {
  state: z.literal('finished'),
  /** Absent when no face was found. */
  face_model: FaceModel.optional(),
};

/** The part of an outcome that may be too large for one message of the bus. */
export const FinishedOutcome = z.discriminatedUnion('media_type', [
  z.object({
    ...finishedJob,
    media_type: z.literal('video'),
    result: VideoResult,
    /** Of the video. */ duration_seconds: z.number().min(0),
  }),
  z.object({ ...finishedJob, media_type: z.literal('image'), items: z.array(ItemOutcome) }),
]);
export type FinishedOutcome = z.infer<typeof FinishedOutcome>;

/** Largest text of one part of an outcome: with its envelope it fits into the 1 MiB of a default NATS even if all of it is escaped. */
export const outcomePartCharactersMax = 128 * 1024;
/** 32 Mi characters: some 3,000 faces with their vectors and thumbnails. */
export const outcomePartsMax = 256;

/** Before `finishJob` with `parts`: a piece of the outcome's JSON. Sent again it replaces itself. `accepted` as there. */
export const putOutcomePart = rpc({
  subject: 'nightjar.jobs.put_outcome_part',
  request: z.object({
    job_id: JobId,
    lease: z.uuid(),
    part: z
      .number()
      .int()
      .min(0)
      .max(outcomePartsMax - 1),
    text: z.string().min(1).max(outcomePartCharactersMax),
  }),
  reply: z.object({ accepted: z.boolean() }),
});

export const JobOutcome = z.discriminatedUnion('state', [
  FinishedOutcome,
  /** A `FinishedOutcome` whose JSON was sent before, in this many parts. */
  z.object({ state: z.literal('finished_in_parts'), parts: z.number().int().min(1).max(outcomePartsMax) }),
  z.object({ state: z.literal('failed'), error: JobError }),
  /** The agent can't go on through no fault of the job (shutdown, no adapter): another attempt follows at once. */
  z.object({ state: z.literal('returned'), reason: z.string() }),
]);
export type JobOutcome = z.infer<typeof JobOutcome>;

/**
 * `accepted` is false when the lease is not the current one: the result of a lost attempt is refused. An agent that has room for the next
 * job names itself in `next_for`: then the job's end and the claim of the next one are one commit. `next` is absent where nothing was
 * claimed along, and the agent asks with `claimJob`; null when no job waits.
 */
export const finishJob = rpc({
  subject: 'nightjar.jobs.finish',
  request: z.object({ job_id: JobId, lease: z.uuid(), outcome: JobOutcome, next_for: z.string().optional() }),
  reply: z.object({ accepted: z.boolean(), next: Work.nullish() }),
});

/** A nudge: a job was queued. Agents poll every 2 s all the same. */
export const jobQueued = fact({
  subject: () => 'nightjar.jobs.queued',
  pattern: 'nightjar.jobs.queued',
  payload: z.object({ job_id: JobId }),
});

/** A nudge: somebody asked that a job that runs be cancelled. Its agent beats at once instead of with its next beat. */
export const jobCancelled = fact({
  subject: () => 'nightjar.jobs.cancelled',
  pattern: 'nightjar.jobs.cancelled',
  payload: z.object({ job_id: JobId }),
});

/** A nudge between gateways: there is a new row of `job_event`. They poll every 2 s all the same. */
export const jobMoved = fact({
  subject: () => 'nightjar.jobs.moved',
  pattern: 'nightjar.jobs.moved',
  payload: z.object({ job_id: JobId }),
});

/** How far a job is, for who watches it now: the newest counts, none is repeated. */
export const jobProgressed = fact({
  subject: () => 'nightjar.jobs.progressed',
  pattern: 'nightjar.jobs.progressed',
  payload: z.object({ job_id: JobId, tenant_id: z.number().int(), progress: z.number().min(0).max(1), stage: z.string() }),
});

/** Published by every agent each 5 s; a listener forgets one that was silent for 15 s. */
export const AgentCapacity = z.object({
  agent_id: z.string(),
  job_slots_total: z.number().int().min(0),
  job_slots_busy: z.number().int().min(0),
  stream_slots_total: z.number().int().min(0),
  stream_slots_busy: z.number().int().min(0),
  /** What a small video and a picture of its own took after the start, in ms of processing per unit; null until they were analysed. */
  self_check: z.object({ video_ms_per_second: z.number().min(0), image_ms: z.number().min(0) }).nullable(),
  at_unix_ms: z.number(),
});
export type AgentCapacity = z.infer<typeof AgentCapacity>;

export const agentCapacity = fact({
  subject: (capacity: AgentCapacity) => `nightjar.capacity.agent.${capacity.agent_id}`,
  pattern: 'nightjar.capacity.agent.*',
  payload: AgentCapacity,
});
