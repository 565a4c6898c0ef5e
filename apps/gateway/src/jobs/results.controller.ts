import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { JobState } from '@nightjar/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireOwner } from '../http/require-owner.js';
import { routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { noSuchJob, parseJobId } from './job-id.js';
import { imageJobView, retryAfterSeconds, videoJobView } from './job-view.js';
import { JobStore } from './job.store.js';

/** Polling: 200 in every state. What is unknown, another tenant's or of the other media type is 404 alike. */
@Controller()
export class ResultsController {
  constructor(private readonly jobs: JobStore) {}

  @Get(routes.videoResult)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async videoResult(@Param('jobId') jobId: string, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const job = found(await this.jobs.findVideoJob(parseJobId(jobId), requireOwner(request).tenantId));
    setRetryAfter(reply, job.state);
    return videoJobView(job);
  }

  @Get(routes.imageResult)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async imageResult(@Param('jobId') jobId: string, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const job = found(await this.jobs.findImageJob(parseJobId(jobId), requireOwner(request).tenantId));
    setRetryAfter(reply, job.state);
    return imageJobView(job);
  }
}

function found<Row>(row: Row | null): Row {
  if (row === null) throw noSuchJob();
  return row;
}

function setRetryAfter(reply: FastifyReply, state: JobState): void {
  const seconds = retryAfterSeconds(state);
  if (seconds !== undefined) void reply.header('Retry-After', String(seconds));
}
