import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError, withoutQueryCredentials, type Clock } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { assignmentsOf } from '../cameras/camera-view.js';
import { CamerasStore } from '../cameras/cameras.store.js';
import { EventsQuery, parseEventId, writeCursor } from '../events/events-query.js';
import { EventsService } from '../events/events.service.js';
import { plateCharactersMax, plateTextOf } from '../events/plate-text.js';
import { isStorable } from '../events/storable-text.js';
import { toldEnd, toldStart } from '../events/told-time.js';
import { UtcTime } from '../events/utc-time.js';
import { invalidField, parseInput } from '../http/parse-input.js';
import { CLOCK } from '../process-parts.js';
import { allCameras, requireInternalService } from './internal-key.js';
import { jpegSize } from './jpeg-size.js';

/** Of one answer. */
const camerasMax = 1_000;
const pictureSideMax = 8_192;
/** No user has it: it is there for the policy of the route to name. */
const scope = 'internal';

const Moment = z.union([
  UtcTime,
  z
    .number()
    .positive()
    .max(9_999_999_999)
    .transform((seconds) => new Date(seconds * 1_000)),
]);
const Text = (max: number) => z.string().min(1).max(max).refine(isStorable, 'must be Unicode text without NUL');
export const EventBody = z
  .object({
    camera_id: z.union([z.number().int().transform(String), z.string().max(64)]),
    label: Text(60),
    score: z.number().min(0).max(1).nullish(),
    track_id: z.union([z.number().int().transform(String), Text(40)]).nullish(),
    started_at: Moment,
    ended_at: Moment.nullish(),
    stationary: z.boolean().nullish(),
    /** A number plate that was read. */
    plate_text: z.string().max(plateCharactersMax).transform(plateTextOf).nullish(),
    evidence_jpeg_b64: z.string().nullish(),
  })
  .refine(({ ended_at, started_at }) => ended_at == null || ended_at >= started_at, {
    path: ['ended_at'],
    message: 'must not be before started_at',
  });

/** What OpenNVR's own services and apps ask the NVR for, with the internal key: all cameras, their events. */
@Controller('api/v1/internal/camera-agent')
export class CameraAgentController {
  constructor(
    private readonly cameras: CamerasStore,
    private readonly events: EventsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Addresses without the names and passwords of cameras: whoever needs pictures asks the NVR. */
  @Get('cameras')
  @Policy({ kind: 'authenticated', scope })
  async listCameras(@Req() request: FastifyRequest) {
    requireInternalService(request);
    const { cameras } = await this.cameras.list({ scope: { kind: 'all' }, skip: 0, limit: camerasMax, activeOnly: true });
    return {
      cameras: cameras.map((camera) => ({
        camera_id: `cam${camera.id}`,
        open_nvr_camera_id: camera.id,
        name: camera.name,
        frame_url: withoutQueryCredentials(camera.rtspUrl),
        role: 'general',
        source: 'camera',
        assignments: assignmentsOf(camera),
      })),
    };
  }

  @Get('detect-config')
  @Policy({ kind: 'authenticated', scope })
  detectConfig(@Req() request: FastifyRequest): { gate_mode: null } {
    requireInternalService(request);
    return { gate_mode: null };
  }

  /**
   * 201, also for what is known already. A track that comes again with the same start is the same event. Where the caller's clock is a
   * day and more away, the event is of the time when we heard of it.
   */
  @Post('events')
  @Policy({ kind: 'authenticated', scope })
  async addEvent(@Body() body: unknown, @Req() request: FastifyRequest) {
    requireInternalService(request);
    const given = parseInput(EventBody, body, 'body');
    const picture = readPicture(given.evidence_jpeg_b64);
    const camera = await this.events.findCamera(given.camera_id);
    const nowMs = this.clock.wallMs();
    const start = toldStart(given.started_at.getTime(), nowMs);
    const saved = await this.events.record({
      key: { cameraId: camera.id, trackId: given.track_id ?? null, ...start },
      kind: { source: 'tier0', eventType: 'track' },
      state: {
        label: given.label,
        score: given.score ?? null,
        endedAt: given.ended_at ? toldEnd(given.ended_at.getTime(), start, nowMs) : null,
        plateText: given.plate_text ?? null,
        payload: given.stationary == null ? {} : { stationary: given.stationary },
      },
      picture,
    });
    return saved.isNew ? { id: saved.id, evidence_path: saved.evidenceFile } : { id: saved.id, duplicate: true };
  }

  @Get('events')
  @Policy({ kind: 'authenticated', scope })
  async listEvents(@Query() query: unknown, @Req() request: FastifyRequest) {
    requireInternalService(request);
    const { events, next } = await this.events.list(allCameras, parseInput(EventsQuery, query, 'query'));
    return { events, count: events.length, next_cursor: next ? writeCursor(next) : null };
  }

  @Get('events/:id/evidence')
  @Policy({ kind: 'authenticated', scope })
  async evidence(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    requireInternalService(request);
    const eventId = parseEventId(id);
    if (eventId === undefined) throw new AppError('not_found', 'Event not found, or it has no picture');
    void reply.type('image/jpeg');
    return this.events.readEvidence(allCameras, eventId);
  }
}

/** The size of a body bounds it. @throws AppError `unprocessable` */
function readPicture(base64: string | null | undefined): Buffer | undefined {
  if (base64 == null) return undefined;
  const bytes = /^[A-Za-z0-9+/]*={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0);
  const size = jpegSize(bytes);
  if (!size || Math.max(size.width, size.height) > pictureSideMax)
    throw invalidField('body', 'evidence_jpeg_b64', `is no JPEG of at most ${pictureSideMax} pixels a side`);
  return bytes;
}
