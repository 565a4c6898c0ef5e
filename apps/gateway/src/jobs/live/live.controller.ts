import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Policy, requireAllowed } from '@nightjar/auth';
import { JobId } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireOwner } from '../../http/require-owner.js';
import { routes } from '../../http/routes.js';
import { scopes } from '../../keys/api-keys.js';
import { CallerAuthenticator } from '../../keys/caller-authenticator.js';
import { LiveHub } from './live-hub.js';

const jobsMax = 100;
const JobIds = z.preprocess((value) => (value === undefined ? undefined : [value].flat()), z.array(JobId).max(jobsMax).optional());

@Controller()
export class LiveController {
  constructor(
    private readonly hub: LiveHub,
    private readonly callers: CallerAuthenticator,
  ) {}

  /** Server-Sent Events: `job` (replayed after `Last-Event-ID`), `gap`, `progress`. Ends when the key or the token does. */
  @Get(routes.jobEvents)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async stream(@Query('job_id') jobIds: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const lastEventId = request.headers['last-event-id'];
    const filter = { tenantId: requireOwner(request).tenantId, jobIds: parseJobIds(jobIds) };
    const planned = await this.hub.plan(filter, typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined);
    void reply.hijack();
    // A proxy must neither keep the stream nor hold it back.
    const streamHeaders = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
    reply.raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...streamHeaders });
    // Asked for with HEAD, there is nothing more to say.
    if (request.method === 'HEAD') reply.raw.end();
    else this.hub.begin(planned, reply.raw, async () => requireAllowed(request, await this.callers.identify(request)));
  }
}

function parseJobIds(query: unknown): ReadonlySet<string> | undefined {
  const read = JobIds.safeParse(query);
  if (!read.success)
    throw new AppError('invalid_argument', 'the query is not as the API describes it', {
      details: { issues: [{ path: 'job_id', message: `must be the id of a job, ${jobsMax} of them at most` }] },
    });
  return read.data && new Set(read.data);
}
