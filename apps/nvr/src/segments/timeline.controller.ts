import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { instantIn, withForwardInstants } from './instant-query.js';
import type { Span } from './merge-spans.js';
import type { TimeRange } from './segments.service.js';
import { TimelineService } from './timeline.service.js';
import type { RecordedDay } from './timeline.store.js';
import { dayOf, parseDate, TimeZone } from './zoned-days.js';

const rangeMsMax = 31 * 24 * 3_600_000;
const timeZone = TimeZone.default('UTC');
const rangeIn = (zone: string) => withForwardInstants(z.object({ start: instantIn(zone), end: instantIn(zone) }), rangeMsMax);
export const RangeQuery = rangeIn('UTC');
export const DayQuery = z.object({ date: z.string().optional(), tz: timeZone });
export const CalendarQuery = z.object({
  camera_id: CameraReferenceText,
  month: z.string().regex(/^(19[7-9]\d|2[01]\d\d)-(0[1-9]|1[0-2])$/, 'must be a month like 2026-06'),
  tz: timeZone,
});
export const ListQuery = z.object({
  camera_id: CameraReferenceText.optional(),
  tz: timeZone,
  days: z.coerce.number().int().min(1).max(366).default(31),
  deleted_only: z.stringbool().default(false),
});
const playbackBase = '/api/v1/recordings';

/** What is recorded when: the routes of OpenNVR's time line and lists. */
@Controller('api/v1/recordings')
export class TimelineController {
  constructor(private readonly timeline: TimelineService) {}

  @Get('segments/:reference')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async segments(@Param('reference') reference: string, @Query() query: unknown, @Req() request: FastifyRequest) {
    const { date, range } = parseRange(query);
    const { camera, liveEdgeUnixMs, spans } = await this.timeline.timeline(requirePrincipal(request), { reference, range });
    return {
      segments: spans.map((span) => spanView(camera.id, span)),
      camera_id: camera.id,
      camera_name: camera.name,
      path: pathOf(camera.id),
      date,
      total_duration: sumOf(spans.map(secondsOf)),
      segment_count: spans.length,
      playback_base_url: playbackBase,
      live_edge_start: liveEdgeUnixMs === undefined ? null : new Date(liveEdgeUnixMs).toISOString(),
    };
  }

  @Get('calendar')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async calendar(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { camera_id, month, tz } = parseInput(CalendarQuery, query, 'query');
    const { camera, days } = await this.timeline.calendar(requirePrincipal(request), { reference: camera_id, month, timeZone: tz });
    return { camera_id: camera.id, month, tz, days: days.map((day) => dayView(camera.id, day, tz)) };
  }

  @Get('list')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { camera_id, days, deleted_only, tz } = parseInput(ListQuery, query, 'query');
    const wanted = { reference: camera_id, timeZone: tz, days, deletedOnly: deleted_only };
    const found = await this.timeline.list(requirePrincipal(request), wanted);
    const cameras = found.map(({ camera, days: recorded }) => ({
      camera_id: camera.id,
      camera_name: camera.name,
      path: pathOf(camera.id),
      recording_count: recorded.length,
      total_duration: sumOf(recorded.map(({ durationSeconds }) => durationSeconds)),
      // Newest first, as lists of recordings are read. What is deleted is not played: it is restored first.
      recordings: recorded.map((day) => ({ ...dayView(camera.id, day, tz), ...(camera.deletedAt && { playback_url: null }) })).reverse(),
    }));
    return {
      cameras,
      total_recordings: sumOf(cameras.map(({ recording_count }) => recording_count)),
      total_duration: sumOf(cameras.map(({ total_duration }) => total_duration)),
      total_cameras: cameras.length,
      /** What plays recordings is this server itself. */
      mediamtx_available: true,
    };
  }

  @Get('stats')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async stats(@Req() request: FastifyRequest) {
    const { bytes, cameras, clips, durationSeconds, first, last } = await this.timeline.totals(requirePrincipal(request));
    return {
      total_cameras: cameras,
      total_recordings: clips,
      total_size_bytes: bytes,
      total_duration: durationSeconds,
      oldest: first?.toISOString() ?? null,
      newest: last?.toISOString() ?? null,
    };
  }

  @Get('status/:reference')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async status(@Param('reference') reference: string, @Req() request: FastifyRequest) {
    const camera = await this.timeline.status(requirePrincipal(request), reference);
    const { id, last_recording_at, name, recording_enabled, recording_state } = camera;
    const is_recording = recording_state === 'recording';
    return { camera_id: id, camera_name: name, path: pathOf(id), recording_enabled, recording_state, is_recording, last_recording_at };
  }
}

/**
 * `date`, or `start` and `end`; `tz` is the zone of what names none.
 * @throws AppError `invalid_argument` for a date that is none, `unprocessable`
 */
function parseRange(query: unknown): { date: string | null; range: TimeRange } {
  const { date: text, tz } = parseInput(DayQuery, query, 'query');
  if (text === undefined) {
    const { end, start } = parseInput(rangeIn(tz), query, 'query');
    return { date: null, range: { fromUnixMs: start, toUnixMs: end } };
  }
  const date = parseDate(text);
  if (date === undefined) throw new AppError('invalid_argument', 'date must be a day like 2026-06-01');
  const { fromUnixMs, toUnixMs } = dayOf(date, tz);
  return { date, range: { fromUnixMs, toUnixMs } };
}

/** A span as OpenNVR shows it: `start`, `duration` in seconds, and where it is played. */
export function spanView(cameraId: number, span: Span): { start: string; duration: number; playback_url: string } {
  const range = `start_unix=${span.fromUnixMs / 1_000}&end_unix=${span.toUnixMs / 1_000}`;
  return {
    start: new Date(span.fromUnixMs).toISOString(),
    duration: secondsOf(span),
    playback_url: `${playbackBase}/${cameraId}/clip.mp4?${range}`,
  };
}

function dayView(cameraId: number, { clips, date, durationSeconds, firstUnixMs }: RecordedDay, timeZone: string) {
  return {
    date,
    total_duration: durationSeconds,
    segment_count: clips,
    first_start: new Date(firstUnixMs).toISOString(),
    playback_url: `${playbackBase}/segments/${cameraId}?date=${date}&tz=${encodeURIComponent(timeZone)}`,
  };
}

/** How OpenNVR names the stream of a camera. */
function pathOf(cameraId: number): string {
  return `cam-${cameraId}`;
}

function secondsOf({ fromUnixMs, toUnixMs }: Span): number {
  return (toUnixMs - fromUnixMs) / 1_000;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
