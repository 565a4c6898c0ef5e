import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { JobId } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { WebhookSender } from '@nightjar/webhooks';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { requireOwner } from '../http/require-owner.js';
import { routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { DeliveryStore, deliveryStates } from './deliveries.store.js';
import { attemptView, cursorOf, deliveryView, parseCursor } from './delivery-view.js';

const ListQuery = z.object({
  job_id: JobId.optional(),
  state: z.enum(deliveryStates).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(128).optional(),
});

/** The delivery log: what became of webhooks, and asking for one again. Dead letters are those whose state is `exhausted`. */
@Controller()
export class DeliveriesController {
  constructor(
    private readonly deliveries: DeliveryStore,
    private readonly sender: WebhookSender,
  ) {}

  @Get(routes.deliveries)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { tenantId } = requireOwner(request);
    const { job_id: jobId, state, limit, cursor } = parseInput(ListQuery, query, 'query');
    const behind = cursor === undefined ? undefined : parseCursor(cursor);
    const rows = await this.deliveries.list({ tenantId, jobId, state, behind, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { deliveries: page.map(deliveryView), next_cursor: rows.length > limit && last ? cursorOf(last) : null };
  }

  @Get(routes.delivery)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async read(@Param('deliveryId') id: string, @Req() request: FastifyRequest) {
    const row = await this.deliveries.find(wellFormed(id), requireOwner(request).tenantId);
    if (!row) throw noSuchDelivery();
    return { ...deliveryView(row), attempts: row.attempts.map(attemptView) };
  }

  @Post(routes.redeliver)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async redeliver(@Param('deliveryId') id: string, @Req() request: FastifyRequest) {
    const { tenantId } = requireOwner(request);
    const deliveryId = wellFormed(id);
    if (!(await this.deliveries.askAgain(deliveryId, tenantId))) throw noSuchDelivery();
    this.sender.nudge();
    return { id: deliveryId };
  }
}

function wellFormed(id: string): string {
  if (!/^msg_[0-9a-f-]{36}$/.test(id)) throw noSuchDelivery();
  return id;
}

const noSuchDelivery = () => new AppError('not_found', 'no such webhook delivery');
