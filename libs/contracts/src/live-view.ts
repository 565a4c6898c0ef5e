import { z } from 'zod';
import { rpc } from './bus-message.js';
import { CameraId } from './cameras.js';

/** Bytes of media in one answer; a longer part comes in pieces. */
export const liveViewBytesMax = 448 * 1024;

/** One short piece of a camera's live video: a fragment of fragmented MP4 on the clock of its session. */
export const LiveViewPart = z.object({
  /** Counts the parts of a session. */
  seq: z.number().int().min(0),
  /** Media segment of HLS that it belongs to, and its place in there. Segments are numbered upwards for ever. */
  segment: z.number().int().min(0),
  index: z.number().int().min(0),
  starts_with_key_frame: z.boolean(),
  /** Media time since the begin of the session. */
  start_ms: z.number(),
  duration_ms: z.number(),
  /** When its first picture was taken, as far as the arrival tells. */
  captured_unix_ms: z.number(),
  size_bytes: z.number().int().min(1),
  /** Which of its bytes are in this answer. */
  offset: z.number().int().min(0),
  bytes: z.number().int().min(0),
});
export type LiveViewPart = z.infer<typeof LiveViewPart>;

/** One connection to a camera, as far as live viewers are concerned. */
export const LiveViewSession = z.object({
  /** Grows with each connection. */
  id: z.number().int().min(1),
  /** FFmpeg's name, e.g. `h264`. */
  video_codec: z.string().max(64),
  timescale: z.number().int().positive(),
  started_unix_ms: z.number(),
});
export type LiveViewSession = z.infer<typeof LiveViewSession>;

/**
 * Asks the recorder for live video of a camera and waits for it. To ask is to be interested: a camera that is not recorded is
 * connected to for as long as somebody asks. The body holds the session's `ftyp` and `moov` when the caller does not know the
 * session yet, then the bytes of the parts.
 */
export const readLiveView = rpc({
  subject: 'nightjar.live_view.read',
  request: z.object({
    camera_id: CameraId,
    /** `main` is what is recorded; `sub` is smaller, where a camera has one. */
    stream: z.enum(['main', 'sub']).default('main'),
    /** The session that the caller has read from; null at first. */
    session_id: z.number().int().nullable(),
    /** Last part that the caller has whole; -1 for none. */
    after_seq: z.number().int().min(-1),
    /** Bytes of the next part that the caller has. */
    offset: z.number().int().min(0),
    wait_ms: z.number().int().min(0).max(5_000),
  }),
  reply: z.object({
    /** Null while the camera is being connected to. */
    session: LiveViewSession.nullable(),
    /** 0: the caller knows the begin of the session. */
    init_bytes: z.number().int().min(0),
    parts: z.array(LiveViewPart).max(256),
  }),
});
