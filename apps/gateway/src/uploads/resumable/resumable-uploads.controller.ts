import { Readable } from 'node:stream';
import { Controller, Delete, Head, Options, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireOwner } from '../../http/require-owner.js';
import { routes } from '../../http/routes.js';
import { scopes } from '../../keys/api-keys.js';
import { ResumableUploads } from './resumable-uploads.js';

/** tus 1.0.0: creation, creation-with-upload, creation-defer-length, termination, expiration. */
@Controller()
export class ResumableUploadsController {
  constructor(private readonly uploads: ResumableUploads) {}

  @Options(routes.uploads)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  async describe(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.answer(request, reply);
  }

  @Post(routes.uploads)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.answer(request, reply);
  }

  @Head(routes.upload)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  async find(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('uploadId') uploadId: string) {
    await this.answer(request, reply, uploadId);
  }

  @Patch(routes.upload)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  async append(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('uploadId') uploadId: string) {
    await this.answer(request, reply, uploadId);
  }

  @Delete(routes.upload)
  @Policy({ kind: 'authenticated', scope: scopes.writeJobs })
  async remove(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('uploadId') uploadId: string) {
    await this.answer(request, reply, uploadId);
  }

  private async answer(request: FastifyRequest, reply: FastifyReply, uploadId?: string): Promise<void> {
    // On every answer, errors too (tus 1.0.0, "Tus-Resumable").
    void reply.header('Tus-Resumable', '1.0.0');
    const { method, headers, body } = request;
    const { status, headers: answered } = await this.uploads.handle({
      method,
      headers,
      body: body instanceof Readable ? body : undefined,
      uploadId,
      owner: requireOwner(request),
    });
    await reply.code(status).headers(answered).send();
  }
}
