import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { ListedEventView } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { EventsQuery, LatestQuery, parseEventId, writeCursor, type EventsCursor } from './events-query.js';
import { EventsService } from './events.service.js';

@Controller('api/v1/events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Get('latest')
  @Policy({ kind: 'authenticated', scope: scopes.readEvents })
  latest(@Query() query: unknown, @Req() request: FastifyRequest): Promise<{ events: ListedEventView[]; count: number }> {
    const { camera_id, limit } = parseInput(LatestQuery, query, 'query');
    return this.events.listLatest(requirePrincipal(request), { limit, cameras: camera_id });
  }

  /** Newest start first, page by page. */
  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readEvents })
  async list(
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ events: ListedEventView[]; count: number; next_cursor: string | null }> {
    const { events, next } = await this.events.list(requirePrincipal(request), parseInput(EventsQuery, query, 'query'));
    if (next) void reply.header('Link', `<${nextPage(request, next)}>; rel="next"`);
    return { events, count: events.length, next_cursor: next ? writeCursor(next) : null };
  }

  @Get(':id/evidence')
  @Policy({ kind: 'authenticated', scope: scopes.readEvents })
  async evidence(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const eventId = parseEventId(id);
    if (eventId === undefined) throw new AppError('not_found', 'Event not found, or it has no picture');
    const picture = await this.events.readEvidence(requirePrincipal(request), eventId);
    // Never from a cache: whoever signs in next at the same browser may have other rights.
    void reply.type('image/jpeg');
    return picture;
  }
}

/** The same query behind another cursor, relative to where the client found the list. */
function nextPage({ originalUrl }: FastifyRequest, next: EventsCursor): string {
  const url = new URL(originalUrl, 'http://relative');
  url.searchParams.set('cursor', writeCursor(next));
  return url.pathname + url.search;
}
