import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { isStorable } from '../events/storable-text.js';
import { parseInput } from '../http/parse-input.js';
import { manageScopes } from '../roles/permissions.js';
import { RuleSchedule } from './rule-schedule.js';
import { RulesService, type RuleRequest } from './rules.service.js';
import type { Rule } from './rules.store.js';

const secretBytesMax = 256;
const weekSecondsMax = 7 * 24 * 3_600;

const Line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters');
const fields = z.strictObject({
  name: Line(100),
  enabled: z.boolean().default(true),
  camera_ids: z
    .array(z.union([z.string().max(64), z.number().int().transform(String)]))
    .max(1_000)
    .default([]),
  labels: z.array(Line(60)).max(100).default([]),
  event_types: z
    .array(z.enum(['track', 'alarm', 'alert']))
    .max(3)
    .default([]),
  min_score: z.number().min(0).max(1).nullable().default(null),
  schedule: RuleSchedule.nullable().default(null),
  cooldown_seconds: z.number().int().min(0).max(weekSecondsMax).default(0),
  tells_end: z.boolean().default(false),
  url: z.string().max(2_048),
  secret: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text, 'utf8') <= secretBytesMax, `has more than ${secretBytesMax} bytes`)
    .refine(isStorable, 'must be Unicode text without NUL')
    .nullish(),
});
type Fields = z.infer<typeof fields>;

const requestOf = ({ camera_ids, cooldown_seconds, event_types, min_score, tells_end, secret, ...same }: Fields): RuleRequest => ({
  ...same,
  cameras: camera_ids,
  eventTypes: event_types,
  minScore: min_score,
  cooldownSeconds: cooldown_seconds,
  tellsEnd: tells_end,
  secret,
});
export const RuleBody = fields.transform(requestOf);
/** What GET shows beside is passed over: a rule may be sent back as it was shown. */
export const RuleChange = fields
  .extend({
    id: z.unknown().optional(),
    owner_id: z.unknown().optional(),
    has_secret: z.unknown().optional(),
    created_at: z.unknown().optional(),
    updated_at: z.unknown().optional(),
  })
  .transform(({ id: _id, owner_id: _owner, has_secret: _hasSecret, created_at: _created, updated_at: _updated, ...given }) =>
    requestOf(given),
  );

/** Rules that tell others of events. */
@Controller('api/v1/rules')
export class RulesController {
  constructor(private readonly rules: RulesService) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async list(@Req() request: FastifyRequest) {
    return { rules: (await this.rules.list(requirePrincipal(request))).map(ruleView) };
  }

  @Post()
  @HttpCode(201)
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async create(@Body() body: unknown, @Req() request: FastifyRequest) {
    return ruleView(await this.rules.create(requirePrincipal(request), parseInput(RuleBody, body, 'body'), actorOf(request)));
  }

  @Get(':ruleId')
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async read(@Param('ruleId') id: string, @Req() request: FastifyRequest) {
    return ruleView(await this.rules.find(requirePrincipal(request), requireRuleId(id)));
  }

  /** The whole rule; a secret that is not named stays, unless the receiver is another host. */
  @Put(':ruleId')
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async update(@Param('ruleId') id: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    const wanted = parseInput(RuleChange, body, 'body');
    return ruleView(await this.rules.update(requirePrincipal(request), requireRuleId(id), wanted, actorOf(request)));
  }

  @Delete(':ruleId')
  @HttpCode(204)
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async remove(@Param('ruleId') id: string, @Req() request: FastifyRequest): Promise<void> {
    await this.rules.remove(requirePrincipal(request), requireRuleId(id), actorOf(request));
  }
}

/** @throws AppError `not_found` for a text that is no id */
export function requireRuleId(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new AppError('not_found', 'Rule not found');
  return Number(text);
}

/** The URL is its owner's own and shown whole; the secret never. */
function ruleView(rule: Rule) {
  return {
    id: rule.id,
    owner_id: rule.ownerId,
    name: rule.name,
    enabled: rule.enabled,
    camera_ids: rule.cameraIds,
    labels: rule.labels,
    event_types: rule.eventTypes,
    min_score: rule.minScore,
    schedule: rule.schedule,
    cooldown_seconds: rule.cooldownSeconds,
    tells_end: rule.tellsEnd,
    url: rule.url,
    has_secret: rule.isSigned,
    created_at: rule.createdAt.toISOString(),
    updated_at: rule.updatedAt.toISOString(),
  };
}
