import { ClipView } from '@nightjar/contracts';
import {
  described,
  flag,
  integer,
  jsonBody,
  listOf,
  moment,
  number,
  object,
  orNull,
  queryParameters,
  ref,
  schemaOfOutput,
  text,
  type ParameterDoc,
  type RouteDoc,
} from '@nightjar/openapi';
import { ListQuery as ExportsQuery, NewExport } from '../exports/exports.controller.js';
import { TicketRequest as DownloadRequest } from '../playback/export-download.controller.js';
import { SessionQuery } from '../playback/hls.controller.js';
import { ClipQuery, FrameQuery, PictureQuery } from '../playback/playback.controller.js';
import { SpriteQuery } from '../playback/thumbnails.controller.js';
import { ListQuery as ProtectionsQuery, NewProtection } from '../retention/protections.controller.js';
import { FlagRequest } from '../segments/flag.controller.js';
import { ListQuery as PathQuery, UrlQuery } from '../segments/path-playback.controller.js';
import { RangeQuery as ClipsQuery, TicketRequest } from '../segments/segments.controller.js';
import { CalendarQuery, DayQuery, ListQuery, RangeQuery } from '../segments/timeline.controller.js';
import { media, noContent, ok, operation } from './operation.js';

const camera = 'The camera, in any form of its id';
const instants = { start: 'Begin: ISO 8601 (without a zone: UTC), or Unix seconds', end: 'End, likewise' };
const seconds = { start_unix: 'Begin in Unix seconds, fractions allowed', end_unix: 'End, likewise' };
const zone = 'Time zone whose days are meant, `Europe/Rome`';
const known = { 304: { description: 'The caller has these very bytes, as its `If-None-Match` says' } };
const page = { skip: 'Rows to leave out', limit: 'Rows of a page' };
const ticket: ParameterDoc = { name: 'ticket', in: 'query', description: 'Instead of a header' };
const bytes = { ETag: 'Of these very bytes', 'Accept-Ranges': 'bytes' };
const video = (description: string) => media('video/mp4', description, bytes);
const picture = { 200: media('image/jpeg', 'The picture') };
const whole = [403, 404, 422, 503];
const ranged = [403, 404, 416, 422, 503];

/** Recordings: what there is, and playing it. */
export const recordingOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/recordings/{reference}', 'listClips', 'Clips of a camera in a range, the one that is being written included', {
    parameters: queryParameters(ClipsQuery, seconds),
    replies: ok('Clips, oldest first', listOf(ref('Clip'))),
    errors: whole,
  }),
  operation('GET /api/v1/recordings/segments/{reference}', 'getTimeline', 'What was recorded without a gap, of a day or a range', {
    parameters: [
      ...queryParameters(DayQuery, {
        date: 'A day, `2026-06-01`; without it `start` and `end` are needed',
        tz: `${zone}, and of times without a zone`,
      }),
      ...queryParameters(RangeQuery, instants).map((parameter) => ({ ...parameter, required: false })),
    ],
    replies: ok('The time line', 'Timeline'),
    errors: [400, ...whole],
  }),
  operation('GET /api/v1/recordings/calendar', 'getCalendar', 'Days of a month that have recordings', {
    parameters: queryParameters(CalendarQuery, { camera_id: camera, month: 'A month, `2026-06`', tz: zone }),
    replies: ok('Days', object({ camera_id: integer, month: text, tz: text, days: listOf(ref('RecordedDay')) })),
    errors: whole,
  }),
  operation('GET /api/v1/recordings/list', 'listRecordedDays', 'Days with recordings, by camera', {
    parameters: queryParameters(ListQuery, {
      camera_id: `${camera}; default: all that the caller sees`,
      tz: zone,
      days: 'So many days back',
      deleted_only: '`true`: cameras that were deleted instead, for admins',
    }),
    replies: ok('Cameras with their days', 'RecordedDays'),
    errors: whole,
  }),
  operation('GET /api/v1/recordings/stats', 'getRecordingTotals', 'Sums over all that the caller sees', {
    replies: ok('Sums', 'RecordingTotals'),
    errors: [403, 503],
  }),
  operation('GET /api/v1/recordings/status/{reference}', 'getRecordingState', 'Whether a camera is being recorded', {
    replies: ok('The state', 'RecordingState'),
    errors: [403, 404, 503],
  }),
  operation('GET /api/v1/recordings/files/{file}', 'getFile', 'A whole file, `17.mp4`', {
    parameters: [ticket],
    replies: { 200: video('The file'), 206: video('A part of it'), ...known },
    errors: ranged,
  }),
  operation('POST /api/v1/recordings/ticket', 'makeRecordingTicket', 'A ticket for players that can’t send headers', {
    body: jsonBody(TicketRequest),
    replies: ok('Goes into addresses as `?ticket=`', object({ ticket: text, expires_in_seconds: integer })),
    errors: whole,
  }),
  operation('GET /api/v1/recordings/{reference}/clip.mp4', 'getClip', 'Any range of up to an hour as one MP4', {
    parameters: [...queryParameters(ClipQuery, seconds), ticket],
    replies: {
      200: media('video/mp4', 'The clip', { ...bytes, 'X-Clip-Start-Unix': 'Of its first key frame', 'X-Clip-End-Unix': 'Its end' }),
      206: video('A part of it'),
      ...known,
    },
    errors: ranged,
  }),
  operation('GET /api/v1/recordings/{reference}/frame.jpg', 'getRecordedPicture', 'The picture of a moment', {
    parameters: [...queryParameters(PictureQuery, { at_unix: 'The moment in Unix seconds' }), ticket],
    replies: picture,
    errors: whole,
  }),
  operation('GET /api/v1/recordings/frame', 'getRecordedFrame', 'The picture of a moment, as OpenNVR asks for it', {
    parameters: queryParameters(FrameQuery, { camera_id: camera, at: 'The moment: ISO 8601 (without a zone: UTC), or Unix seconds' }),
    replies: picture,
    errors: whole,
  }),
  operation('GET /api/v1/recordings/thumbnails', 'listThumbnails', 'Small pictures to scrub by: where each stands in one JPEG', {
    parameters: queryParameters(SpriteQuery, { camera_id: camera, ...instants, count: 'Pictures' }),
    replies: ok('Places of the pictures', 'Thumbnails'),
    errors: whole,
  }),
  operation('GET /api/v1/recordings/thumbnails/sprite.jpg', 'getThumbnails', 'The JPEG of the small pictures', {
    parameters: queryParameters(SpriteQuery, { camera_id: camera, ...instants, count: 'Pictures' }),
    replies: picture,
    errors: [...whole, 429],
  }),
  operation('GET /api/v1/recordings/playback/hls', 'startPlayback', 'A session that plays a range of up to four hours over HLS', {
    parameters: queryParameters(SessionQuery, { camera_id: camera, ...instants }),
    replies: ok('Where to play it', 'PlaybackSession'),
    errors: [...whole, 429],
  }),
  operation('GET /api/v1/recordings/playback/hls/{session}/{file}', 'getPlaybackPart', '`index.m3u8`, and the files that it names', {
    parameters: [ticket],
    replies: {
      200: media('application/vnd.apple.mpegurl', 'The playlist, or a piece of fragmented MP4'),
      206: video('A part of a piece'),
      ...known,
    },
    errors: ranged,
  }),
  operation('DELETE /api/v1/recordings/playback/hls/{session}', 'endPlayback', 'End a session', {
    replies: noContent,
    errors: [403, 404, 503],
  }),
  operation('GET /api/v1/recordings/playback/list', 'listSpansOfPath', 'What was recorded at a path `cam-12`, as MediaMTX says it', {
    parameters: queryParameters(PathQuery, { path: 'The path', ...instants }),
    replies: ok('Spans', listOf(object({ start: moment, duration: number, url: text }))),
    errors: whole,
  }),
  operation('GET /api/v1/recordings/playback/url', 'getUrlOfPath', 'Where a range of a path is played', {
    parameters: queryParameters(UrlQuery, { path: 'The path', start: instants.start, duration: 'Seconds' }),
    replies: ok('The address', object({ path: text, start: moment, duration: number, url: text })),
    errors: whole,
  }),
];

/** Copies for people who take them away. */
export const exportOperations: readonly RouteDoc[] = [
  operation('POST /api/v1/recordings/export/ticket', 'makeDownloadTicket', 'A ticket that downloads a range of up to four hours, once', {
    body: jsonBody(DownloadRequest),
    replies: ok('The ticket', 'DownloadTicket'),
    errors: whole,
  }),
  operation('GET /api/v1/recordings/export', 'download', 'The range of a ticket, as a file that is made while it is read', {
    parameters: [{ ...ticket, required: true }],
    replies: { 200: video('The file'), 206: video('A part of it'), ...known },
    errors: ranged,
  }),
  operation('POST /api/v1/exports', 'createExport', 'Have a file made of a range of up to four hours', {
    body: jsonBody(NewExport),
    replies: { 202: { description: 'It waits for its turn', headers: { Location: 'Where its state is polled' }, schema: ref('Export') } },
    errors: [...whole, 429],
  }),
  operation('GET /api/v1/exports', 'listExports', 'Exports, newest first', {
    parameters: queryParameters(ExportsQuery, page),
    replies: ok('A page', object({ exports: listOf(ref('Export')), total: integer })),
    errors: [403, 422, 503],
  }),
  operation('GET /api/v1/exports/{id}', 'getExport', 'One export', { replies: ok('The export', 'Export'), errors: [403, 404, 503] }),
  operation('POST /api/v1/exports/{id}/cancel', 'cancelExport', 'Stop making it', {
    replies: ok('The export', 'Export'),
    errors: [403, 404, 409, 503],
  }),
  operation('DELETE /api/v1/exports/{id}', 'removeExport', 'Remove an export and its file', {
    replies: noContent,
    errors: [403, 404, 409, 503],
  }),
  operation('POST /api/v1/exports/{id}/ticket', 'makeExportTicket', 'A ticket for its file, good for five minutes', {
    replies: ok('The ticket', 'DownloadTicket'),
    errors: [403, 404, 409, 503],
  }),
  operation('GET /api/v1/exports/{id}/file', 'getExportFile', 'The file of an export', {
    parameters: [ticket],
    replies: { 200: video('The file'), 206: video('A part of it'), ...known },
    errors: [403, 404, 409, 416, 503],
  }),
];

/** Keeping recordings. */
export const retentionOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/recordings/storage', 'getStorage', 'What recordings take, and how long there is room', {
    replies: ok('The store', 'Storage'),
    errors: [403, 503],
  }),
  operation('GET /api/v1/recordings/protections', 'listProtections', 'Ranges that retention keeps, latest first', {
    parameters: queryParameters(ProtectionsQuery, { camera_id: `${camera}; default: all that the caller sees`, ...page }),
    replies: ok('A page', object({ protections: listOf(ref('Protection')), total: integer })),
    errors: whole,
  }),
  operation('POST /api/v1/recordings/protections', 'protect', 'Keep a range of up to 31 days', {
    body: jsonBody(NewProtection, {
      'the parcel': { camera_id: 'yard', start_unix: 1780315200, end_unix: 1780315260, note: 'the parcel' },
    }),
    replies: { 201: { description: 'The range', schema: ref('Protection') } },
    errors: [403, 404, 409, 422, 429, 503],
  }),
  operation('DELETE /api/v1/recordings/protections/{id}', 'unprotect', 'Let retention have it', {
    replies: noContent,
    errors: [403, 404, 503],
  }),
  operation('PUT /api/v1/recordings/flag', 'flag', 'Keep a range, or let go of the ranges inside of it', {
    body: jsonBody(FlagRequest),
    replies: ok('The range', object({ camera_id: integer, start: moment, end: moment, flagged: flag })),
    errors: [403, 404, 409, 422, 429, 503],
  }),
];

const day = {
  date: text,
  total_duration: number,
  segment_count: integer,
  first_start: moment,
  playback_url: described(orNull(text), 'null: of a deleted camera'),
};
const space = { used_bytes: integer, free_bytes: orNull(integer), total_bytes: orNull(integer) };

/** Schemas that are named in the operations above. */
export const recordingSchemas = {
  Clip: schemaOfOutput(ClipView),
  RecordedDay: object(day),
  Timeline: object({
    segments: listOf(object({ start: moment, duration: number, playback_url: text })),
    camera_id: integer,
    camera_name: text,
    path: text,
    date: orNull(text),
    total_duration: number,
    segment_count: integer,
    playback_base_url: text,
    live_edge_start: orNull(moment),
  }),
  RecordedDays: object({
    cameras: listOf(
      object({
        camera_id: integer,
        camera_name: text,
        path: text,
        recording_count: integer,
        total_duration: number,
        recordings: listOf(ref('RecordedDay')),
      }),
    ),
    total_recordings: integer,
    total_duration: number,
    total_cameras: integer,
    mediamtx_available: flag,
  }),
  RecordingTotals: object({
    total_cameras: integer,
    total_recordings: integer,
    total_size_bytes: integer,
    total_duration: number,
    oldest: orNull(moment),
    newest: orNull(moment),
  }),
  RecordingState: object({
    camera_id: integer,
    camera_name: text,
    path: text,
    recording_enabled: flag,
    recording_state: { enum: ['recording', 'not_recording', 'stalled', 'never', 'off'] },
    is_recording: flag,
    last_recording_at: orNull(moment),
  }),
  Thumbnails: object({
    camera_id: integer,
    tile_width: integer,
    tile_height: integer,
    columns: integer,
    rows: integer,
    sprite_url: text,
    thumbnails: listOf(object({ time: moment, x: integer, y: integer })),
  }),
  PlaybackSession: object({
    session_id: text,
    manifest_url: text,
    browser_mp4_url: described(orNull(text), 'null: the format changes within the range'),
    video_codec: text,
    needs_remux: { const: false },
    file_offset_seconds: described(number, 'Where in both of them the wanted begin is'),
    camera_id: integer,
    camera_name: text,
    start: moment,
    end: moment,
    duration: number,
    segment_count: integer,
    expires_in_seconds: integer,
  }),
  DownloadTicket: object({ ticket: text, download_url: text, expires_in_seconds: integer }),
  Export: object({
    id: text,
    camera_id: integer,
    start: moment,
    end: moment,
    filename: text,
    state: { enum: ['queued', 'running', 'ready', 'failed', 'cancelled'] },
    progress: { type: 'number', minimum: 0, maximum: 1 },
    bytes_done: integer,
    bytes_total: orNull(integer),
    error: orNull(text),
    created_at: moment,
    started_at: orNull(moment),
    ended_at: orNull(moment),
    expires_at: orNull(moment),
  }),
  Protection: object({
    id: integer,
    camera_id: integer,
    start_unix: number,
    end_unix: number,
    note: orNull(text),
    created_by: orNull(integer),
    created_at: moment,
  }),
  Storage: object({
    state: { enum: ['ok', 'degraded'] },
    degraded: described(listOf(text), 'Reasons'),
    ...space,
    archive: orNull(object({ ...space, after_hours: number, bounds: object({ used_bytes: orNull(integer) }) })),
    forecast_days_left: orNull(number),
    bounds: object({ days: orNull(number), used_bytes: orNull(integer), free_bytes: orNull(integer) }),
    cameras: listOf(
      object({ camera_id: integer, name: text, used_bytes: integer, clips: integer, oldest_unix: number, newest_unix: number }),
    ),
  }),
};
