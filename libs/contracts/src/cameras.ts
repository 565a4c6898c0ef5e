import { z } from 'zod';
import { StreamAnalytic, StreamFeedback } from './analytics.js';
import { fact, rpc } from './bus-message.js';
import { FramesName } from './frame-uri.js';
import { PictureRegion, Rotation } from './picture-region.js';

/** Row id of a camera; the id on the wire. */
export const CameraId = z.number().int().positive();
export type CameraId = z.infer<typeof CameraId>;

/** How packets of a stream come: inside of the RTSP connection (`tcp`), beside it (`udp`), or beside it only where it has to be. */
export const CameraTransport = z.enum(['auto', 'tcp', 'udp']);
export type CameraTransport = z.infer<typeof CameraTransport>;

/** A stream that an agent has to analyse. The URL holds the camera's credentials: never log it. */
export const AssignedStream = z.object({
  /** Null: a stream of the Luna surface that is no camera of ours. It has callbacks and subscribers, but no events. */
  camera_id: CameraId.nullable(),
  /** The camera's uuid; the Luna surface's `stream_id`. */
  stream_id: z.uuid(),
  /** Grows with each change by a user: the agent takes over what changed, and answers with it. */
  version: z.number().int().min(1).default(1),
  /** Owner on the Luna surface; null: cameras that were never looked at there. */
  account_id: z.uuid().nullable().default(null),
  frames_name: FramesName,
  name: z.string(),
  /** Where it is, as its user put it; callbacks repeat it. */
  location: z.record(z.string(), z.unknown()).nullable().default(null),
  /** `file`: a video that ends, and the stream with it. */
  kind: z.enum(['rtsp', 'file']).default('rtsp'),
  /** What is analysed: the substream of a camera that has one. */
  url: z.string(),
  /** The main stream of a camera whose substream `url` is, for when that is of no use. */
  main_url: z.string().nullable().default(null),
  transport: CameraTransport.default('auto'),
  frames_per_second: z.number().positive().max(30),
  /** How its pictures are turned; regions, boxes and pictures of events are of what comes out. */
  rotation: Rotation.default(0),
  /** The part of the picture that is looked at; null: all of it. */
  roi: PictureRegion.nullable().default(null),
  /** The part in which the middle of an object has to lie to count; null: all of it. */
  droi: PictureRegion.nullable().default(null),
  analytics: z.array(StreamAnalytic).max(16).default([]),
});
export type AssignedStream = z.infer<typeof AssignedStream>;

/**
 * An agent says that it lives and how many streams it can take; the reply is the whole list that it owns until `lease_ms` from now.
 * Streams of a silent agent go to another one when their lease ends.
 */
export const claimStreams = rpc({
  subject: 'nightjar.streams.claim',
  request: z.object({
    agent_id: z.string().min(1).max(128),
    slots_total: z.number().int().min(0).max(1024),
    feedback: z.array(StreamFeedback).max(1024).default([]),
  }),
  reply: z.object({ lease_ms: z.number().int().positive(), streams: z.array(AssignedStream) }),
});

/**
 * A graceful agent gives its streams back, so that nobody waits for the lease. It says so before its first claim, too: a former process of
 * its name that was killed may have left streams, and events that nobody would end.
 */
export const releaseStreams = rpc({
  subject: 'nightjar.streams.release',
  request: z.object({ agent_id: z.string().min(1).max(128) }),
  reply: z.object({ released: z.number().int().min(0) }),
});

export const camerasChanged = fact({
  subject: () => 'nightjar.cameras.changed',
  pattern: 'nightjar.cameras.changed',
  payload: z.object({ camera_id: CameraId }),
});

/** Reads a picture of the frames directory in parts of at most 512 KiB; the reply's body holds the bytes from `offset`. */
export const readFrame = rpc({
  subject: 'nightjar.frames.get',
  request: z.object({ uri: z.string().max(300), offset: z.number().int().min(0) }),
  reply: z.object({ size_bytes: z.number().int().min(0), modified_unix_ms: z.number() }),
});
export const framePartBytesMax = 512 * 1024;
export const frameBytesMax = 8 * 1024 * 1024;

/** Whether a camera may be read unencrypted. */
export const TransportSecurity = z.enum(['rtsps_required', 'rtsps_preferred', 'plaintext_allowed']);
export type TransportSecurity = z.infer<typeof TransportSecurity>;

/** What a camera is to be looked at for, as OpenNVR's agents and apps read it. */
export const CameraAssignment = z.object({
  skill: z.string().min(1).max(100),
  labels: z.array(z.string().min(1).max(60)).max(100).optional(),
});
export type CameraAssignment = z.infer<typeof CameraAssignment>;

/** `GET /api/v1/cameras`, one element. Passwords are never part of it. */
export const CameraView = z.object({
  id: CameraId,
  uuid: z.uuid(),
  owner_id: z.number().int().nullable(),
  name: z.string(),
  description: z.string().nullable(),
  frames_name: FramesName,
  ip_address: z.string().nullable(),
  port: z.number().int(),
  username: z.string().nullable(),
  rtsp_url: z.string(),
  substream_url: z.string().nullable(),
  onvif_url: z.string().nullable(),
  location: z.string().nullable(),
  vlan: z.string().nullable(),
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  firmware_version: z.string().nullable(),
  serial_number: z.string().nullable(),
  hardware_id: z.string().nullable(),
  assignments: z.array(CameraAssignment).nullable(),
  transport_security: TransportSecurity,
  /** Always false: the NVR serves its cameras by itself. */
  mediamtx_provisioned: z.literal(false),
  is_active: z.boolean(),
  recording_enabled: z.boolean(),
  analytics_enabled: z.boolean(),
  audio_enabled: z.boolean(),
  rtsp_transport: CameraTransport,
  status: z.enum(['unknown', 'online', 'offline']),
  /** Why it is offline, as far as the recorder knows. */
  status_reason: z.string().nullable(),
  recording_state: z.enum(['recording', 'not_recording', 'stalled', 'never', 'off']),
  last_recording_at: z.string().nullable(),
  live_online: z.boolean().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  deleted_at: z.string().nullable(),
});
export type CameraView = z.infer<typeof CameraView>;

/** Asks the recorder how it is; nobody answers while it is down. */
export const readRecorderState = rpc({
  subject: 'nightjar.recorder.state',
  request: z.object({}),
  /** Why not all of it works, in words for an operator; empty when all is well. */
  reply: z.object({ degraded: z.array(z.string().max(300)).max(20) }),
});

/** `GET /api/v1/recordings/{camera_id}`, one element. Times are Unix seconds with fractions, `start` and `end` the same as RFC 3339. */
export const ClipView = z.object({
  id: z.number().int(),
  camera_id: CameraId,
  start_unix: z.number(),
  end_unix: z.number(),
  start: z.string(),
  end: z.string(),
  duration_seconds: z.number(),
  size_bytes: z.number().int(),
  video_codec: z.string(),
  url: z.string(),
  open: z.boolean(),
});
export type ClipView = z.infer<typeof ClipView>;
