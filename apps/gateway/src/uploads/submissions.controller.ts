import { Readable } from 'node:stream';
import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { JobId, MediaType } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { UrlSubmissions } from '../fetches/url-submissions.js';
import { parseUrlSubmission } from '../fetches/video-url.js';
import { OperationPaths } from '../http/operation-paths.js';
import { requireOwner } from '../http/require-owner.js';
import { requestHeaders, routes } from '../http/routes.js';
import { idempotencyKey } from '../idempotency/idempotency-key.js';
import type { MadeJob } from '../idempotency/idempotency.js';
import { scopes } from '../keys/api-keys.js';
import { addQuotaHeaders } from '../quotas/quota-headers.js';
import { webhookInHeaders } from '../webhooks/requested-webhook.js';
import { parseImageBatch } from './image-batch.js';
import { isJson } from './intake.js';
import { processingBoundSeconds } from './processing-bound.js';
import { Submissions, type IncomingVideo, type Submitter } from './submissions.js';
import { openVideoForm } from './video-form.js';

/** Takes uploads in and answers 202 with the job's id and the place where its result is polled. */
@Controller()
export class SubmissionsController {
  constructor(
    private readonly submissions: Submissions,
    private readonly urlSubmissions: UrlSubmissions,
    private readonly paths: OperationPaths,
  ) {}

  @Post(routes.submitVideo)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async submitVideo(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const submitter = submitterOf(request, reply);
    const inHeaders = webhookInHeaders(request.headers);
    if (isJson(request.headers)) {
      const { video_url, webhook = inHeaders } = parseUrlSubmission(request.body);
      return this.accepted(reply, 'video', await this.urlSubmissions.submit({ ...submitter, video_url, webhook }));
    }
    const video = request.isMultipart() ? await openVideoForm(request, inHeaders) : plainVideo(request.body, inHeaders);
    return this.accepted(reply, 'video', await this.submissions.submitVideo({ ...submitter, video }));
  }

  @Post(routes.submitImages)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async submitImages(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const submitter = submitterOf(request, reply);
    const batch = parseImageBatch(request.body);
    const webhook = batch.webhook ?? webhookInHeaders(request.headers);
    return this.accepted(reply, 'image', await this.submissions.submitImages({ ...submitter, batch, webhook }));
  }

  private accepted(reply: FastifyReply, mediaType: MediaType, { jobId, replayed }: MadeJob): { job_id: JobId } {
    void reply.header('Location', this.paths.resultLocation(mediaType, jobId));
    if (replayed) void reply.header('Idempotency-Replayed', 'true');
    return { job_id: jobId };
  }
}

/** For a video this runs before its body is read: one that is refused for its headers costs no upload. */
function submitterOf(request: FastifyRequest, reply: FastifyReply): Submitter {
  return {
    owner: requireOwner(request),
    maxProcessingSeconds: processingBoundSeconds(request.headers[requestHeaders.maxProcessingTime]),
    idempotencyKey: idempotencyKey(request.headers[requestHeaders.idempotencyKey]),
    // Node has refused one that is no number.
    bodyBytes: request.headers['content-length'] === undefined ? undefined : Number(request.headers['content-length']),
    onQuotas: (quotas) => addQuotaHeaders(reply, quotas, Date.now()),
  };
}

function plainVideo(body: unknown, webhook: unknown): IncomingVideo {
  if (!(body instanceof Readable)) throw new AppError('invalid_argument', 'the upload is empty');
  return { body, webhook: () => webhook, readRest: async () => false };
}
