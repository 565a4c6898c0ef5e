import { flag, integer, listOf, moment, number, object, orNull, queryParameters, ref, text, type RouteDoc } from '@nightjar/openapi';
import { ScheduleQuery } from '../retention/recording-settings.controller.js';
import { SessionsQuery } from '../segments/recorded-sessions.controller.js';
import { ok, operation } from './operation.js';

const refused = [403, 503];
const camera = { camera_id: integer, camera_name: text };

/** What is recorded at all, and how recording is set up. */
export const recordingSetupOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/recordings/sessions-for-ai', 'listRecordedSessions', 'Stretches that were recorded without a gap, newest first', {
    parameters: queryParameters(SessionsQuery, {
      camera_id: 'A camera, in any form of its id; default: all that the caller sees',
      start: 'Begin: ISO 8601 (without a zone: UTC), or Unix seconds; default: a day before the end',
      end: 'End, likewise; default: now',
      limit: 'Stretches at most',
    }),
    replies: ok('Stretches', object({ sessions: listOf(ref('RecordedSession')), count: integer })),
    errors: [403, 404, 422, 503],
  }),
  operation('GET /api/v1/recordings/playback/cameras', 'listRecordedCameras', 'Cameras that have recordings, and of when', {
    replies: ok('Cameras that the caller sees', object({ cameras: listOf(ref('RecordedCamera')), count: integer })),
    errors: refused,
  }),
  operation('GET /api/v1/recordings/config', 'getRecordingConfig', 'How is recorded', {
    replies: ok('The settings', 'RecordingConfig'),
    errors: refused,
  }),
  operation('GET /api/v1/recordings/retention', 'getRetention', 'How long recordings stay', {
    replies: ok('The bounds; null is none', 'RetentionBounds'),
    errors: refused,
  }),
  operation('GET /api/v1/recordings/schedule', 'getSchedule', 'Which cameras are recorded around the clock', {
    parameters: queryParameters(ScheduleQuery, { skip: 'Cameras to leave out', limit: 'Cameras of a page' }),
    replies: ok('A page of cameras; there is no timetable', 'RecordingSchedule'),
    errors: [403, 422, 503],
  }),
  operation('GET /api/v1/recordings/orphans', 'listOrphans', 'Recordings on the disks whose camera the database does not know', {
    replies: ok('Directories, 500 at most', object({ orphans: listOf(ref('OrphanedRecordings')), count: integer })),
    errors: refused,
  }),
  operation('POST /api/v1/recordings/orphans/attach', 'attachOrphans', 'Not done here: `fsck --restore-cameras` does it', {
    replies: {},
    errors: [403, 501],
  }),
  operation('DELETE /api/v1/recordings/orphans', 'removeOrphans', 'Not done here: they are attached and expire, or are removed by hand', {
    replies: {},
    errors: [403, 501],
  }),
];

const bounds = object({
  enabled: flag,
  retention_days: orNull(number),
  max_bytes: orNull(integer),
  min_free_bytes: orNull(integer),
  archive: orNull(object({ after_hours: number, max_bytes: orNull(integer) })),
  protected_ranges: integer,
});

/** Schemas that are named in the operations above. */
export const recordingSetupSchemas = {
  RecordedSession: object({
    ...camera,
    path: text,
    start: moment,
    end: moment,
    duration: number,
    segment_count: integer,
    size_bytes: integer,
    is_live: flag,
    clips_url: text,
  }),
  RecordedCamera: object({ ...camera, path: text, segment_count: integer, size_bytes: integer, first_start: moment, last_end: moment }),
  RecordingConfig: object({
    mode: { const: 'continuous' },
    container: { const: 'fmp4' },
    segment_seconds_max: integer,
    tiers: listOf({ enum: ['fast', 'archive'] }),
    retention: ref('RetentionBounds'),
  }),
  RetentionBounds: bounds,
  RecordingSchedule: object({
    mode: { const: 'continuous' },
    schedules: { type: 'array', maxItems: 0 },
    cameras: listOf(
      object({ ...camera, recording_enabled: flag, recording_state: { enum: ['recording', 'not_recording', 'stalled', 'never', 'off'] } }),
    ),
    total: integer,
  }),
  OrphanedRecordings: object({
    camera_uuid: text,
    camera_name: orNull(text),
    frames_name: orNull(text),
    tiers: listOf({ enum: ['fast', 'archive'] }),
    file_count: integer,
    first_start: orNull(moment),
    last_start: orNull(moment),
  }),
};
