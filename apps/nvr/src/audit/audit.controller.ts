import { Controller, Get, Query, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { actorOf } from './actor.js';
import type { AuditRecord } from './audit-chain.js';
import { manageScopes } from '../roles/permissions.js';
import { AuditLog } from './audit-log.js';

export const ListQuery = z.object({
  skip: z.coerce.number().int().min(0).max(10_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  user_id: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional(),
  action: z
    .string()
    .regex(/^[a-z_.]{1,64}$/)
    .optional(),
});

/** An entry on the wire, as OpenNVR's clients read it, and more. */
interface EntryView {
  id: number;
  timestamp: string;
  action: string;
  entity_type: string;
  entity_id: string | null;
  details: unknown;
  ip: string;
  user_agent: string;
  user_id: number | null;
  actor: string;
  request_id: string;
}

/** What was done here, for admins. */
@Controller('api/v1/audit-logs')
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  /** Newest first. */
  @Get()
  @Policy({ kind: 'authenticated', scope: manageScopes.readAudit })
  async list(@Query() query: unknown, @Req() request: FastifyRequest): Promise<{ logs: EntryView[]; total: number }> {
    const { skip, limit, user_id: userId, action } = parseInput(ListQuery, query, 'query');
    const { tenantId } = actorOf(request);
    const { entries, total } = await this.audit.list({ tenantId, userId, action }, { skip, limit });
    return { logs: entries.map(entryView), total };
  }
}

function entryView(entry: AuditRecord): EntryView {
  return {
    id: Number(entry.id),
    timestamp: entry.at.toISOString(),
    action: entry.action,
    entity_type: entry.entityType,
    entity_id: entry.entityId,
    details: entry.details,
    ip: entry.address,
    user_agent: entry.userAgent,
    user_id: entry.actorUserId,
    actor: entry.actorName,
    request_id: entry.requestId,
  };
}
