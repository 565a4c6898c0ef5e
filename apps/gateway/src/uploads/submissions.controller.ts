import { Readable } from 'node:stream';
import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { JobId, MediaType } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireOwner } from '../http/require-owner.js';
import { requestHeaders, resultLocation, routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { parseImageBatch } from './image-batch.js';
import { processingBoundSeconds } from './processing-bound.js';
import { Submissions } from './submissions.js';

/** A sender that is silent for this long has gone: its connection is cut and what it sent is removed. */
const uploadStallMs = 30_000;

/** What the controller needs of the settings. */
export class SubmissionSettings {
  constructor(readonly defaultMaxProcessingSeconds: number) {}
}

/** Takes uploads in and answers 202 with the job's id and the place where its result is polled. */
@Controller()
export class SubmissionsController {
  constructor(
    private readonly submissions: Submissions,
    private readonly settings: SubmissionSettings,
  ) {}

  @Post(routes.submitVideo)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async submitVideo(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const owner = requireOwner(request);
    const maxProcessingSeconds = this.maxProcessingSeconds(request);
    refuseWebhook(request.headers[requestHeaders.webhookUrl] ?? request.headers[requestHeaders.webhookSecret]);
    if (!(request.body instanceof Readable)) throw new AppError('invalid_argument', 'the upload is empty');
    request.raw.setTimeout(uploadStallMs);
    return accepted(reply, 'video', await this.submissions.submitVideo({ owner, maxProcessingSeconds, body: request.body }));
  }

  @Post(routes.submitImages)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async submitImages(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const owner = requireOwner(request);
    const maxProcessingSeconds = this.maxProcessingSeconds(request);
    const batch = parseImageBatch(request.body);
    refuseWebhook(batch.webhook);
    return accepted(reply, 'image', await this.submissions.submitImages({ owner, maxProcessingSeconds, batch }));
  }

  private maxProcessingSeconds(request: FastifyRequest): number {
    return processingBoundSeconds(request.headers[requestHeaders.maxProcessingTime], this.settings.defaultMaxProcessingSeconds);
  }
}

/** To take a webhook and never call it would be a lie. */
function refuseWebhook(webhook: unknown): void {
  if (webhook === undefined || webhook === null) return;
  throw new AppError('unprocessable', 'this server does not deliver webhooks yet: leave the webhook out and poll the result');
}

function accepted(reply: FastifyReply, mediaType: MediaType, jobId: JobId): { job_id: JobId } {
  void reply.header('Location', resultLocation(mediaType, jobId));
  return { job_id: jobId };
}
