import { Body, Controller, Delete, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { parseEventId } from './events-query.js';
import { ReviewsService } from './reviews.service.js';

const idsMax = 500;
export const ReviewBody = z.strictObject({
  ids: z.array(z.number().int().min(1)).min(1).max(idsMax),
  reviewed: z.boolean().default(true),
});

@Controller('api/v1/events')
export class ReviewsController {
  constructor(private readonly reviews: ReviewsService) {}

  @Put(':id/review')
  @Policy({ kind: 'authenticated', scope: scopes.readEvents, usersOnly: true })
  async put(@Param('id') id: string, @Req() request: FastifyRequest): Promise<{ id: number; reviewed: boolean }> {
    const eventId = requireEventId(id);
    await this.reviews.markOne(requirePrincipal(request), { eventId, reviewed: true });
    return { id: eventId, reviewed: true };
  }

  @Delete(':id/review')
  @HttpCode(204)
  @Policy({ kind: 'authenticated', scope: scopes.readEvents, usersOnly: true })
  async remove(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    await this.reviews.markOne(requirePrincipal(request), { eventId: requireEventId(id), reviewed: false });
  }

  /** Many at once: those that may be seen are marked, the others are named. */
  @Post('review')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readEvents, usersOnly: true })
  async post(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ ids: number[]; reviewed: boolean; not_found: number[] }> {
    const { ids, reviewed } = parseInput(ReviewBody, body, 'body');
    const { eventIds, missing } = await this.reviews.mark(requirePrincipal(request), { eventIds: ids, reviewed });
    return { ids: eventIds, reviewed, not_found: missing };
  }
}

function requireEventId(text: string): number {
  const eventId = parseEventId(text);
  if (eventId === undefined) throw new AppError('not_found', 'Event not found');
  return eventId;
}
