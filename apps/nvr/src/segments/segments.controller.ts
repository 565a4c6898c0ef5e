import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { ClipView } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { RangeShape, UnixSeconds, withOrder } from './range-query.js';
import { RecordingTickets, ticketLifeMs } from './recording-tickets.js';
import { SegmentsService, type TimeRange } from './segments.service.js';

export const RangeQuery = withOrder(z.object({ start_unix: UnixSeconds, end_unix: UnixSeconds }));
export const TicketRequest = withOrder(z.strictObject({ camera_id: z.union([z.string(), z.number().transform(String)]), ...RangeShape }));

@Controller('api/v1/recordings')
export class SegmentsController {
  constructor(
    private readonly segments: SegmentsService,
    private readonly tickets: RecordingTickets,
  ) {}

  /** For players that can't send headers: goes into the URL of files as `?ticket=`. */
  @Post('ticket')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings, usersOnly: true })
  async ticket(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ ticket: string; expires_in_seconds: number }> {
    const { camera_id, ...range } = parseInput(TicketRequest, body, 'body');
    const ticket = await this.segments.issueTicket(requirePrincipal(request), { reference: camera_id, range: rangeOf(range) });
    return { ticket, expires_in_seconds: ticketLifeMs / 1_000 };
  }

  /** One of `ticketRoutes`. */
  @Get('files/:file')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async file(@Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { 'if-none-match': ifNoneMatch, 'if-range': ifRange, range } = request.headers;
    const served = await this.segments.openFile(requirePrincipal(request), {
      grant: this.tickets.grantOf(request.raw),
      segmentId: segmentIdOf(file),
      headers: { range, ifNoneMatch, ifRange: typeof ifRange === 'string' ? ifRange : undefined },
      headOnly: request.method === 'HEAD',
    });
    const { first, last } = typeof served.range === 'object' ? served.range : { first: 0, last: served.sizeBytes - 1 };
    void reply.headers({ 'Accept-Ranges': 'bytes', ETag: served.etag });
    if (served.isKnown) return reply.code(304).send();
    if (served.range === 'unsatisfiable')
      return reply.code(416).header('Content-Range', `bytes */${served.sizeBytes}`).send({ detail: 'Range not satisfiable' });
    if (served.range) void reply.code(206).header('Content-Range', `bytes ${first}-${last}/${served.sizeBytes}`);
    void reply.headers({
      'Content-Type': 'video/mp4',
      'Content-Length': last - first + 1,
      'Content-Disposition': `inline; filename="camera_${served.segment.cameraId}_${served.segment.startsAt.getTime()}.mp4"`,
    });
    await reply.send(served.content ?? null);
  }

  @Get(':reference')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  list(@Param('reference') reference: string, @Query() query: unknown, @Req() request: FastifyRequest): Promise<ClipView[]> {
    return this.segments.listClips(requirePrincipal(request), { reference, range: rangeOf(parseInput(RangeQuery, query, 'query')) });
  }
}

function rangeOf({ start_unix, end_unix }: { start_unix: number; end_unix: number }): TimeRange {
  return { fromUnixMs: start_unix * 1_000, toUnixMs: end_unix * 1_000 };
}

function segmentIdOf(file: string): number {
  const digits = /^([1-9]\d{0,14})\.mp4$/.exec(file)?.[1];
  if (digits === undefined) throw new AppError('not_found', 'Recording not found');
  return Number(digits);
}
