import { z } from 'zod';
import { fact, rpc } from './bus-message.js';
import { CameraId } from './cameras.js';
import { PictureSize } from './detection.js';
import { FrameName } from './frame-uri.js';

/** An event as the NVR API shows it. `id` of a notification is its `seq`, which grows with every change of any event. */
export const EventView = z.object({
  id: z.number().int(),
  camera_id: CameraId,
  source: z.enum(['tier0', 'camera', 'app', 'adapter']),
  event_type: z.enum(['track', 'alarm', 'alert']),
  label: z.string().nullable(),
  score: z.number().nullable(),
  track_id: z.string().nullable(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  recording_ref: z.string().nullable(),
  plate_text: z.string().nullable(),
  has_evidence: z.boolean(),
  evidence_url: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()).nullable(),
});
export type EventView = z.infer<typeof EventView>;

/** An event in a list: with what the caller himself has done with it. */
export const ListedEventView = EventView.extend({ reviewed: z.boolean() });
export type ListedEventView = z.infer<typeof ListedEventView>;

/**
 * An agent reports an event; the reply comes after the row is committed. The same (camera_id, track_id, started_at) names
 * the same event: the first report opens it, a later one updates it, one with `ended_at_unix_ms` closes it. Safe to repeat.
 */
export const reportEvent = rpc({
  subject: 'nightjar.events.report',
  request: z.object({
    camera_id: CameraId,
    /** `track`: a person or object that was followed; `alert`: an analytic saw what it watches for. */
    event_type: z.enum(['track', 'alert']).optional(),
    /** Of an alert: the name of its analytic. */
    label: z.string().max(60),
    score: z.number().min(0).max(1),
    /** Unique within the camera over agent restarts: `<agent session>-<track number>`, or the name of an alert. */
    track_id: z.string().max(40),
    started_at_unix_ms: z.number(),
    ended_at_unix_ms: z.number().nullable(),
    /** Picture of the event in the camera's frames directory. */
    frame_file: FrameName.nullable(),
    payload: z.record(z.string(), z.unknown()),
  }),
  reply: z.object({ event_id: z.number().int(), seq: z.number().int() }),
});
export type EventReport = z.infer<typeof reportEvent.request>;

/** Boxes over the live picture. Newest wins per camera; lost ones are not missed. */
export const Overlay = z.object({
  camera_id: CameraId,
  frame_ts_ms: z.number(),
  frame: PictureSize,
  tracks: z.array(
    z.object({
      track_id: z.string(),
      label: z.string(),
      score: z.number().min(0).max(1),
      /** Normalised to 0..1 of the frame. */
      bbox: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
    }),
  ),
});
export type Overlay = z.infer<typeof Overlay>;

export const overlayDrawn = fact({
  subject: (overlay: Overlay) => `nightjar.overlays.${overlay.camera_id}`,
  pattern: 'nightjar.overlays.*',
  payload: Overlay,
});

/** A nudge between processes of nvr: rows up to `seq` are committed. */
export const eventCommitted = fact({
  subject: () => 'nightjar.events.committed',
  pattern: 'nightjar.events.committed',
  payload: z.object({ seq: z.number().int() }),
});

/** OpenNVR's bus shape for live tracks, of each analysed frame, also of one without any. Box is [x1, y1, x2, y2] in pixels. */
export const Tier0Frame = z.object({
  schema: z.literal('opennvr.tier0.v1'),
  adapter: z.literal('tier0'),
  /** `cam<id>`, the form that discovery hands out. */
  camera_id: z.string(),
  seq: z.number().int(),
  ts: z.number(),
  wall_ts: z.number(),
  frame: PictureSize,
  calibrating: z.boolean(),
  tracks: z.array(
    z.object({
      id: z.number().int(),
      label: z.string(),
      score: z.number(),
      box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      stationary: z.boolean(),
      best: z.boolean(),
    }),
  ),
});
export type Tier0Frame = z.infer<typeof Tier0Frame>;

export const tier0Frame = fact({
  subject: (frame: Tier0Frame) => `opennvr.inference.tier0.${frame.camera_id}.completed`,
  pattern: 'opennvr.inference.tier0.*.completed',
  payload: Tier0Frame,
});

/**
 * The same frame in the shape of an adapter's answer: what OpenNVR's apps read unless they are told to read tier0. Empty frames
 * too: that nobody is there any more is what some of them wait for.
 */
export const InferenceFrame = z.object({
  correlation_id: z.string(),
  adapter: z.literal('nightjar'),
  adapter_version: z.string(),
  /** `cam<id>`. */
  camera_id: z.string(),
  model_name: z.string(),
  model_version: z.string(),
  model_fingerprint: z.string().nullable(),
  /** From the capture of the frame to its result. */
  inference_ms: z.number().int().min(0),
  seq: z.number().int(),
  result: z.object({
    detections: z.array(
      z.object({
        label: z.string(),
        confidence: z.number(),
        /** Normalised to 0..1 of the frame. */
        bbox: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        track_id: z.number().int(),
      }),
    ),
    frame_dimensions: PictureSize,
  }),
  /** ISO 8601. */
  completed_at: z.string(),
});
export type InferenceFrame = z.infer<typeof InferenceFrame>;

export const inferenceFrame = fact({
  subject: (frame: InferenceFrame) => `opennvr.inference.nightjar.${frame.camera_id}.completed`,
  pattern: 'opennvr.inference.nightjar.*.completed',
  payload: InferenceFrame,
});

/** What an adapter found for an app that asked for it through the NVR. */
export const AdapterAnswer = z.object({
  correlation_id: z.string(),
  /** The name that it was asked by. */
  adapter: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  adapter_version: z.string().nullable(),
  /** `cam<id>`, a name that an app has for a camera of its own, or `unknown`. */
  camera_id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  model_name: z.string(),
  model_version: z.string(),
  model_fingerprint: z.string().nullable(),
  inference_ms: z.number().int().min(0),
  result: z.record(z.string(), z.unknown()),
  /** ISO 8601. */
  completed_at: z.string(),
});
export type AdapterAnswer = z.infer<typeof AdapterAnswer>;

export const adapterAnswered = fact({
  subject: ({ adapter, camera_id }: AdapterAnswer) => `opennvr.inference.${adapter}.${camera_id}.completed`,
  pattern: 'opennvr.inference.*.*.completed',
  payload: AdapterAnswer,
});

/** What apps of OpenNVR are told of events: its envelope, whose names and fields of a version only grow. */
export const DomainEvent = z.object({
  id: z.string(),
  schema: z.enum(['opennvr.events.visit.recorded.v1', 'opennvr.events.alert.fired.v1']),
  correlation_id: z.string(),
  /** `cam<id>`. */
  camera_id: z.string(),
  /** ISO 8601, of the wall clock. */
  ts: z.string(),
  producer: z.string(),
  payload: EventView,
});
export type DomainEvent = z.infer<typeof DomainEvent>;

/** A track that has ended is a visit; an alert or an alarm is told when it begins. */
export const domainEvent = fact({
  subject: (event: DomainEvent) => `${event.schema}.${event.camera_id}`,
  pattern: 'opennvr.events.*.*.v1.*',
  payload: DomainEvent,
});

/** What an app of OpenNVR tells. Only what it must have is checked: apps send other severities, and fields of their own. */
export const AppAlert = z.looseObject({
  alert_id: z.string().min(1).max(40),
  /** ISO 8601, or Unix seconds. */
  fired_at: z.union([z.string().max(64), z.number()]),
  title: z.string().max(1_000),
  /** In any of the forms of a camera. */
  camera_id: z.union([z.string().max(64), z.number().int().transform(String)]),
  source: z.looseObject({ kind: z.string().max(64).nullish(), name: z.string().max(100).nullish() }).nullish(),
});
export type AppAlert = z.infer<typeof AppAlert>;

/** Subjects are `opennvr.alerts.<kind>.<name>.<camera>`. */
export const appAlert = fact({
  subject: (alert: AppAlert) =>
    `opennvr.alerts.${subjectToken(alert.source?.kind)}.${subjectToken(alert.source?.name)}.${subjectToken(alert.camera_id)}`,
  pattern: 'opennvr.alerts.>',
  payload: AppAlert,
});

/** OpenNVR's clients write every other character of a part of a subject as `_`. */
function subjectToken(text: string | null | undefined): string {
  return text ? text.replace(/[^A-Za-z0-9_-]/g, '_') : 'unknown';
}
