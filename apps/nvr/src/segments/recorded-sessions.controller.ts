import { Controller, Get, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { Instant, withForwardInstants } from './instant-query.js';
import { TimelineService } from './timeline.service.js';

const hourMs = 3_600_000;
const rangeMsMax = 31 * 24 * hourMs;
/** What is asked for without a range. */
const lastMs = 24 * hourMs;

export const SessionsQuery = withForwardInstants(
  z
    .object({
      camera_id: CameraReferenceText.optional(),
      start: Instant.optional(),
      end: Instant.optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    })
    .transform(({ end = Date.now(), start, ...same }) => ({ ...same, end, start: start ?? end - lastMs })),
  rangeMsMax,
);

/** What there is to look at: for programs that analyse recordings, and for players that begin with a list of cameras. */
@Controller('api/v1/recordings')
export class RecordedSessionsController {
  constructor(private readonly timeline: TimelineService) {}

  /** Stretches that were recorded without a gap, newest first. */
  @Get('sessions-for-ai')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async sessions(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { camera_id, end, limit, start } = parseInput(SessionsQuery, query, 'query');
    const range = { fromUnixMs: start, toUnixMs: end };
    const found = await this.timeline.sessions(requirePrincipal(request), { reference: camera_id, range, limit });
    const sessions = found.map(({ bytes, camera, clips, fromUnixMs, isLive, toUnixMs }) => ({
      camera_id: camera.id,
      camera_name: camera.name,
      path: `cam-${camera.id}`,
      start: new Date(fromUnixMs).toISOString(),
      end: new Date(toUnixMs).toISOString(),
      duration: (toUnixMs - fromUnixMs) / 1_000,
      segment_count: clips,
      size_bytes: bytes,
      is_live: isLive,
      clips_url: `/api/v1/recordings/${camera.id}?start_unix=${fromUnixMs / 1_000}&end_unix=${toUnixMs / 1_000}`,
    }));
    return { sessions, count: sessions.length };
  }

  /** Cameras that have recordings, and of when. */
  @Get('playback/cameras')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async cameras(@Req() request: FastifyRequest) {
    const found = await this.timeline.recordedCameras(requirePrincipal(request));
    const cameras = found.map(({ bytes, camera, clips, firstUnixMs, lastUnixMs }) => ({
      camera_id: camera.id,
      camera_name: camera.name,
      path: `cam-${camera.id}`,
      segment_count: clips,
      size_bytes: bytes,
      first_start: new Date(firstUnixMs).toISOString(),
      last_end: new Date(lastUnixMs).toISOString(),
    }));
    return { cameras, count: cameras.length };
  }
}
