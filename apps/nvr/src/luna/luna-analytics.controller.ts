import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { scopes } from '../keys/api-keys.js';
import { requireAccount } from './luna-account.js';
import { LunaAnalyticsService } from './luna-analytics.service.js';
import { managerError, parseLuna } from './manager-errors.js';
import { NewAnalytic } from './stream-request.js';

const read = { kind: 'authenticated', scope: scopes.readCameras } as const;
const manage = { kind: 'authenticated', scope: scopes.manageStreams } as const;
const AnalyticId = z.uuid();

/** What agents can run, with the schemas of its parameters. */
@Controller('1/analytics')
export class LunaAnalyticsController {
  constructor(private readonly analytics: LunaAnalyticsService) {}

  @Post()
  @HttpCode(201)
  @Policy(manage)
  async create(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const analytic = await this.analytics.create(requireAccount(request), parseLuna(NewAnalytic, body), actorOf(request));
    const url = `/1/analytics/${analytic.id}`;
    void reply.header('Location', url);
    return { analytic_id: analytic.id, url };
  }

  @Get()
  @Policy(read)
  async list(@Req() request: FastifyRequest) {
    return { analytics: (await this.analytics.list(requireAccount(request))).map(analyticView) };
  }

  @Get(':analyticId')
  @Policy(read)
  async show(@Param('analyticId') analyticId: string, @Req() request: FastifyRequest) {
    return analyticView(await this.analytics.find(requireAccount(request), requireId(analyticId)));
  }

  @Put(':analyticId')
  @Policy(manage)
  async replace(@Param('analyticId') analyticId: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    const given = parseLuna(NewAnalytic, body);
    return analyticView(await this.analytics.replace(requireAccount(request), requireId(analyticId), given, actorOf(request)));
  }

  @Delete(':analyticId')
  @HttpCode(204)
  @Policy(manage)
  async remove(@Param('analyticId') analyticId: string, @Req() request: FastifyRequest): Promise<void> {
    await this.analytics.remove(requireAccount(request), requireId(analyticId), actorOf(request));
  }
}

function requireId(text: string): string {
  if (!AnalyticId.safeParse(text).success) throw managerError('analyticNotFound', `Analytic ${text.slice(0, 64)}`);
  return text;
}

function analyticView(row: Awaited<ReturnType<LunaAnalyticsService['find']>>) {
  return {
    analytic_id: row.id,
    account_id: row.accountId,
    analytic_name: row.name,
    description: row.description,
    documentation: row.documentation,
    version: row.version,
    parameters: row.parameters,
    validation_schema: row.validationSchema,
    create_time: row.createdAt.toISOString(),
  };
}
