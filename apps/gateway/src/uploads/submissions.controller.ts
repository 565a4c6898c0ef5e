import { Readable } from 'node:stream';
import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { JobId, MediaType } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireOwner } from '../http/require-owner.js';
import { requestHeaders, resultLocation, routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { refuseWebhook, webhookInHeaders } from '../webhooks/requested-webhook.js';
import { parseImageBatch } from './image-batch.js';
import { processingBoundSeconds } from './processing-bound.js';
import { Submissions, type IncomingVideo, type Submitter } from './submissions.js';
import { openVideoForm } from './video-form.js';

/** A sender that is silent for this long has gone: its connection is cut and what it sent is removed. */
const uploadStallMs = 30_000;

/** Takes uploads in and answers 202 with the job's id and the place where its result is polled. */
@Controller()
export class SubmissionsController {
  constructor(private readonly submissions: Submissions) {}

  @Post(routes.submitVideo)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async submitVideo(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const submitter = submitterOf(request);
    refuseWebhook(webhookInHeaders(request.headers));
    request.raw.setTimeout(uploadStallMs);
    const video = request.isMultipart() ? await openVideoForm(request) : plainVideo(request.body);
    return accepted(reply, 'video', await this.submissions.submitVideo({ ...submitter, video }));
  }

  @Post(routes.submitImages)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  @HttpCode(202)
  async submitImages(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const submitter = submitterOf(request);
    const batch = parseImageBatch(request.body);
    refuseWebhook(batch.webhook);
    return accepted(reply, 'image', await this.submissions.submitImages({ ...submitter, batch }));
  }
}

/** For a video this runs before its body is read: one that is refused for its headers costs no upload. */
function submitterOf(request: FastifyRequest): Submitter {
  return { owner: requireOwner(request), maxProcessingSeconds: processingBoundSeconds(request.headers[requestHeaders.maxProcessingTime]) };
}

function plainVideo(body: unknown): IncomingVideo {
  if (!(body instanceof Readable)) throw new AppError('invalid_argument', 'the upload is empty');
  return { body, readRest: async () => undefined };
}

function accepted(reply: FastifyReply, mediaType: MediaType, jobId: JobId): { job_id: JobId } {
  void reply.header('Location', resultLocation(mediaType, jobId));
  return { job_id: jobId };
}
