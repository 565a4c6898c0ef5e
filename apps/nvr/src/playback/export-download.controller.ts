import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { invalidField, parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import type { ByteRange } from '../segments/parse-range-header.js';
import { InstantInBody } from '../segments/instant-query.js';
import { ClipsService } from './clips.service.js';
import { ExportFileName } from './export-file-name.js';
import { downloadTicketSeconds, PlaybackTickets } from './playback-tickets.js';
import { sendBytes } from './send-bytes.js';

const durationSecondsMax = 14_400;
export const TicketRequest = z.strictObject({
  camera_id: CameraReferenceText,
  start: InstantInBody,
  /** Seconds. */
  duration: z.number().positive().max(durationSecondsMax),
  filename: ExportFileName.optional(),
});

/** A clip as a download of a browser: it is made of its files while it is read. */
@Controller('api/v1/recordings/export')
export class ExportDownloadController {
  constructor(
    private readonly clips: ClipsService,
    private readonly cameras: CamerasService,
    private readonly tickets: PlaybackTickets,
    private readonly audit: AuditLog,
  ) {}

  @Post('ticket')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async ticket(@Body() body: unknown, @Req() request: FastifyRequest) {
    const { camera_id, duration, filename, start } = parseInput(TicketRequest, body, 'body');
    const principal = requirePrincipal(request);
    const camera = await this.cameras.find(cameraScopeOf(principal), camera_id);
    const fileName = filename ?? `camera_${camera.id}_${Math.round(start)}.mp4`;
    const range = { startsAt: new Date(start), endsAt: new Date(start + duration * 1_000) };
    const ticket = await this.tickets.issueForDownload(principal, { cameraId: camera.id, ...range, fileName, exportId: null });
    // Before it is handed out: nobody has a ticket that no entry tells of.
    const details = { camera_id: camera.id, start: range.startsAt, end: range.endsAt };
    await this.audit.record(actorOf(request), { action: 'export.made', entityType: 'export', details });
    return { ticket, download_url: `/api/v1/recordings/export?ticket=${ticket}`, expires_in_seconds: downloadTicketSeconds };
  }

  /** One of `playbackTicketRoutes`: only a ticket says what is wanted, and it says so once. */
  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async download(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const grant = this.tickets.grantOf(request);
    if (!grant && 'ticket' in (request.query as object))
      throw new AppError('permission_denied', 'the ticket is wrong, too old or was used');
    if (!grant) throw invalidField('query', 'ticket', 'is required: POST /api/v1/recordings/export/ticket gives one');
    const camera = await this.cameras.find(cameraScopeOf(requirePrincipal(request)), String(grant.cameraId));
    const range = { fromUnixMs: grant.startsAt.getTime(), toUnixMs: grant.endsAt.getTime() };
    try {
      const layout = await this.clips.layOut(camera.id, range);
      const disposition = { kind: 'attachment', fileName: grant.fileName } as const;
      const read = (bytes: ByteRange) => this.clips.read(layout, bytes);
      await sendBytes(request, reply, { ...layout, contentType: 'video/mp4', disposition, read });
    } catch (error) {
      if (error instanceof AppError && error.code === 'overloaded') await this.tickets.restore(request);
      throw error;
    }
  }
}
