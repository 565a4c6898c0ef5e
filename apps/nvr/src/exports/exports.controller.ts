import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { ExportFileName } from '../playback/export-file-name.js';
import { downloadTicketSeconds, PlaybackTickets } from '../playback/playback-tickets.js';
import { sendBytes } from '../playback/send-bytes.js';
import { InstantInBody, withForwardInstants } from '../segments/instant-query.js';
import { ExportsService } from './exports.service.js';
import type { Export } from './exports.store.js';

const rangeMsMax = 4 * 3_600_000;
export const NewExport = withForwardInstants(
  z.strictObject({
    camera_id: CameraReferenceText,
    start: InstantInBody,
    end: InstantInBody,
    filename: ExportFileName.optional(),
  }),
  rangeMsMax,
);
export const ListQuery = z.object({
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const ExportId = z.uuid();

/** Clips that are made into files, for hours that a browser does not wait for. */
@Controller('api/v1/exports')
export class ExportsController {
  constructor(
    private readonly exports: ExportsService,
    private readonly tickets: PlaybackTickets,
  ) {}

  @Post()
  @HttpCode(202)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async add(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { camera_id, end, filename, start } = parseInput(NewExport, body, 'body');
    const range = { fromUnixMs: start, toUnixMs: end };
    const wanted = { reference: camera_id, range, fileName: filename };
    const added = await this.exports.add(requirePrincipal(request), wanted, actorOf(request));
    void reply.header('Location', `/api/v1/exports/${added.id}`);
    return exportView(added);
  }

  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { found, total } = await this.exports.list(requirePrincipal(request), parseInput(ListQuery, query, 'query'));
    return { exports: found.map(exportView), total };
  }

  @Get(':id')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async show(@Param('id') id: string, @Req() request: FastifyRequest) {
    return exportView(await this.exports.find(requirePrincipal(request), parseId(id)));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async cancel(@Param('id') id: string, @Req() request: FastifyRequest) {
    return exportView(await this.exports.cancel(requirePrincipal(request), parseId(id)));
  }

  @Delete(':id')
  @HttpCode(204)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async remove(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    await this.exports.remove(requirePrincipal(request), parseId(id));
  }

  /** For browsers: opens the file for five minutes, as often as asked for, so that a broken download goes on. */
  @Post(':id/ticket')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async ticket(@Param('id') id: string, @Req() request: FastifyRequest) {
    const ticket = await this.exports.issueTicket(requirePrincipal(request), parseId(id));
    return { ticket, download_url: `/api/v1/exports/${id}/file?ticket=${ticket}`, expires_in_seconds: downloadTicketSeconds };
  }

  /** One of `playbackTicketRoutes`. */
  @Get(':id/file')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async file(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const grant = this.tickets.grantOf(request);
    if (grant && grant.exportId !== id) throw new AppError('not_found', 'Export not found');
    const found = await this.exports.find(requirePrincipal(request), parseId(id));
    const { close, read, sizeBytes } = await this.exports.openFile(found);
    let isRead = false;
    await sendBytes(request, reply, {
      sizeBytes,
      etag: `"${found.leaseId ?? id}"`,
      contentType: 'video/mp4',
      disposition: { kind: 'attachment', fileName: found.fileName },
      read: (bytes) => {
        isRead = true;
        return read(bytes);
      },
    });
    if (!isRead) await close();
  }
}

function parseId(id: string): string {
  if (!ExportId.safeParse(id).success) throw new AppError('not_found', 'Export not found');
  return id.toLowerCase();
}

function exportView(found: Export) {
  const { bytesDone, bytesTotal, cameraId, endUnixMs, fileName, id, problem, startUnixMs, state } = found;
  const isoOf = (unixMs: number | null) => (unixMs === null ? null : new Date(unixMs).toISOString());
  return {
    id,
    camera_id: cameraId,
    start: isoOf(startUnixMs),
    end: isoOf(endUnixMs),
    filename: fileName,
    state,
    /** 0 to 1. */
    progress: state === 'ready' ? 1 : bytesTotal === null || bytesTotal === 0 ? 0 : Math.min(1, bytesDone / bytesTotal),
    bytes_done: bytesDone,
    bytes_total: bytesTotal,
    error: problem,
    created_at: isoOf(found.createdAtMs),
    started_at: isoOf(found.startedAtMs),
    ended_at: isoOf(found.endedAtMs),
    expires_at: isoOf(found.expiresAtMs),
  };
}
