import { z } from 'zod';
import { fact } from './bus-message.js';
import { CameraId } from './cameras.js';

/** How much of a live stream is decoded, and why: for people who wonder what a camera costs or why it saw nothing. */
export const DecodeReport = z.object({
  stream_id: z.uuid(),
  /** Null: a stream of the Luna surface that is no camera of ours. */
  camera_id: CameraId.nullable(),
  /** `off`: nothing, `idle`: key frames, `active`: everything. */
  state: z.enum(['off', 'idle', 'active']),
  reason: z.string().max(64),
  since_unix_ms: z.number(),
  /** The last time that everything was decoded from then on. */
  last_wake: z.object({ reason: z.string().max(64), at_unix_ms: z.number() }).nullable(),
  /** Whether units come just now. */
  connected: z.boolean(),
  /** Which of the camera's streams is analysed: `main` also for a camera that has one alone. */
  stream: z.enum(['main', 'sub']),
  /** Why it is `main` although there is a substream; else null. */
  main_because: z.string().max(500).nullable(),
  /** `direct`: by the agent itself; `ffmpeg`: through an FFmpeg that copies; `pictures`: decoded whole, since units can't be told apart. */
  reading: z.enum(['direct', 'ffmpeg', 'pictures']),
  /** Of the newest decoded picture, at most 1,280 pixels wide. */
  picture: z.object({ w: z.number().int(), h: z.number().int() }).nullable(),
  codec: z.enum(['h264', 'hevc']).nullable(),
  /** Where pictures are decoded: `none` is the CPU. */
  hardware: z.enum(['none', 'vaapi', 'nvdec', 'qsv']),
  /** Why it is the CPU although hardware is wanted; else null or, of agents before that was told, absent. */
  hardware_because: z.string().max(500).nullable().optional(),
  /** Whether sizes of units alone tell motion. */
  separation: z.enum(['learning', 'untested', 'separates', 'no separation']).nullable(),
  /** What the last decoded picture showed. */
  motion: z.enum(['calibrating', 'lighting', 'quiet', 'moving']).nullable(),
  /** Share of the picture that never rests, as a burnt-in clock, and so counts as no motion; absent while nothing is decoded. */
  restless_share: z.number().min(0).max(1).optional(),
  /** Since the analysis began: frames that came, pictures that were decoded and shown. */
  units: z.number().int().min(0),
  pictures: z.number().int().min(0),
  dropped: z.object({
    /** Units that a decoder which was too slow did not get. */
    decoder_too_slow: z.number().int().min(0),
    /** Pictures that a newer one replaced before an adapter was free. */
    adapter_too_slow: z.number().int().min(0),
  }),
});
export type DecodeReport = z.infer<typeof DecodeReport>;

export const decodeReportsMax = 1_024;

/** An agent tells of all its live streams, every few seconds. What was not told for three times that is no longer so. */
export const decodingTold = fact({
  subject: () => 'nightjar.decoding.told',
  pattern: 'nightjar.decoding.told',
  payload: z.object({ agent_id: z.string().min(1).max(128), streams: z.array(DecodeReport).max(decodeReportsMax) }),
});
export const decodingToldEveryMs = 5_000;

/** `GET /api/v1/cameras/{id}/decode`. `decoding` null: no agent tells of this camera now, `reason` says why as far as it is known. */
export const CameraDecodeView = z.object({
  camera_id: CameraId,
  agent_id: z.string().nullable(),
  decoding: DecodeReport.nullable(),
  reason: z.string().nullable(),
});
export type CameraDecodeView = z.infer<typeof CameraDecodeView>;
