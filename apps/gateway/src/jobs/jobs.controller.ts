import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OperationPaths } from '../http/operation-paths.js';
import { requireOwner } from '../http/require-owner.js';
import { routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { parseJobId } from './job-id.js';
import { jobDetails, jobSummary } from './job-summary.js';
import { JobStore, type JobDetailsRow } from './job.store.js';
import { parseJobsQuery, writeCursor, type JobsCursor } from './jobs-query.js';
import { JobsService } from './jobs.service.js';

/** What an owner may ask of jobs beyond the contract: which there are, and to cancel or remove one. */
@Controller()
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly store: JobStore,
    private readonly paths: OperationPaths,
  ) {}

  @Get(routes.jobs)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async list(@Query() query: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { jobs, next } = await this.store.listJobs(requireOwner(request).tenantId, parseJobsQuery(query));
    if (next) void reply.header('Link', `<${nextPage(request, next)}>; rel="next"`);
    return {
      jobs: jobs.map((job) => jobSummary(job, this.paths.resultLocation(job.mediaType, job.id))),
      next_cursor: next ? writeCursor(next) : null,
    };
  }

  @Get(routes.job)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async find(@Param('jobId') jobId: string, @Req() request: FastifyRequest) {
    return this.details(await this.jobs.find(parseJobId(jobId), requireOwner(request).tenantId));
  }

  @Post(routes.cancelJob)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async cancel(@Param('jobId') jobId: string, @Req() request: FastifyRequest) {
    return this.details(await this.jobs.cancel(parseJobId(jobId), requireOwner(request).tenantId));
  }

  @Delete(routes.job)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(204)
  async remove(@Param('jobId') jobId: string, @Req() request: FastifyRequest): Promise<void> {
    await this.jobs.remove(parseJobId(jobId), requireOwner(request).tenantId);
  }

  private details(job: JobDetailsRow) {
    return jobDetails(job, this.paths.resultLocation(job.mediaType, job.id));
  }
}

/** The same query behind another cursor, relative to where the client found the list. */
function nextPage({ originalUrl }: FastifyRequest, next: JobsCursor): string {
  const url = new URL(originalUrl, 'http://relative');
  url.searchParams.set('cursor', writeCursor(next));
  return url.pathname + url.search;
}
