import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { ClipView } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ticketHolder } from '../auth/request-authenticator.js';
import { parseInput } from '../http/parse-input.js';
import { ticketLifeMs } from './recording-tickets.js';
import { SegmentsService, type TimeRange } from './segments.service.js';

const rangeMaxSeconds = 31 * 24 * 3_600;
/** Year 2286; beyond it a caller has probably sent milliseconds. */
const unixSecondsMax = 9_999_999_999;

const rangeShape = { start_unix: z.number().min(0).max(unixSecondsMax), end_unix: z.number().min(0).max(unixSecondsMax) };
const seconds = z
  .string()
  .trim()
  .regex(/^\d+(\.\d+)?$/, 'must be Unix seconds')
  .transform(Number)
  .pipe(rangeShape.start_unix);
const RangeQuery = withOrder(z.object({ start_unix: seconds, end_unix: seconds }));
const TicketRequest = withOrder(z.strictObject({ camera_id: z.union([z.string(), z.number().transform(String)]), ...rangeShape }));

@Controller('api/v1/recordings')
export class SegmentsController {
  constructor(private readonly segments: SegmentsService) {}

  /** For players that can't send headers: goes into the URL of files as `?ticket=`. */
  @Post('ticket')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async ticket(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ ticket: string; expires_in_seconds: number }> {
    const { camera_id, ...range } = parseInput(TicketRequest, body, 'body');
    const ticket = await this.segments.issueTicket(requirePrincipal(request), { reference: camera_id, range: rangeOf(range) });
    return { ticket, expires_in_seconds: ticketLifeMs / 1_000 };
  }

  /** `recordingFileRoute`: also with a ticket. */
  @Get('files/:file')
  @Policy({ kind: 'authenticated' })
  async file(
    @Param('file') file: string,
    @Query('ticket') ticket: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const principal = requirePrincipal(request);
    const caller = principal === ticketHolder ? { ticket: ticket ?? '' } : principal;
    const { 'if-range': ifRange, range } = request.headers;
    const served = await this.segments.openFile(caller, {
      segmentId: segmentIdOf(file),
      range,
      ifRange: typeof ifRange === 'string' ? ifRange : undefined,
      headOnly: request.method === 'HEAD',
    });
    const { first, last } = typeof served.range === 'object' ? served.range : { first: 0, last: served.sizeBytes - 1 };
    void reply.headers({ 'Accept-Ranges': 'bytes', ETag: served.etag });
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
  @Policy({ kind: 'authenticated' })
  list(@Param('reference') reference: string, @Query() query: unknown, @Req() request: FastifyRequest): Promise<ClipView[]> {
    return this.segments.listClips(requirePrincipal(request), { reference, range: rangeOf(parseInput(RangeQuery, query, 'query')) });
  }
}

function withOrder<Schema extends z.ZodType<{ start_unix: number; end_unix: number }>>(schema: Schema): Schema {
  return schema
    .refine(({ start_unix, end_unix }) => end_unix > start_unix, { path: ['end_unix'], message: 'must be after start_unix' })
    .refine(({ start_unix, end_unix }) => end_unix - start_unix <= rangeMaxSeconds, {
      path: ['end_unix'],
      message: 'must be at most 31 days after start_unix',
    });
}

function rangeOf({ start_unix, end_unix }: { start_unix: number; end_unix: number }): TimeRange {
  return { fromUnixMs: start_unix * 1_000, toUnixMs: end_unix * 1_000 };
}

function segmentIdOf(file: string): number {
  const digits = /^([1-9]\d{0,14})\.mp4$/.exec(file)?.[1];
  if (digits === undefined) throw new AppError('not_found', 'Recording not found');
  return Number(digits);
}
