import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FrameResolver } from '../intake/frame-resolver.js';
import { readFrames } from '../intake/read-frames.js';
import { TaskCatalogue } from '../tasks/task-catalogue.js';
import { TaskRunner } from '../tasks/task-runner.js';
import { Caller } from './caller-signal.js';
import { ContractInference } from './contract/contract-inference.js';
import { readContractRequest } from './contract/contract-request.js';
import { readInferBody, type InferBody } from './infer-body.js';
import { kindOfRequest } from './infer-kind.js';
import { parseLegacyRequest, sessionOf } from './legacy/infer-request.js';
import { legacyReply } from './legacy/legacy-reply.js';

const inferTimeoutMs = 30_000;

/** `/infer` of the legacy surface and of Contract v1, wherever either stands: the request says which of them it speaks. */
@Controller()
export class InferController {
  constructor(
    private readonly catalogue: TaskCatalogue,
    private readonly runner: TaskRunner,
    private readonly frames: FrameResolver,
    private readonly contract: ContractInference,
  ) {}

  @Post('infer')
  @Policy({ kind: 'authenticated' })
  @HttpCode(200)
  async infer(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const caller = new Caller(reply);
    const body = await readInferBody(request);
    const notes = request.notes!;
    notes.surface = kindOfRequest(body, notes.surface);
    return notes.surface === 'contract' ? this.inferContract(body, request, reply, caller) : this.inferLegacy(body, request, reply, caller);
  }

  private async inferContract(body: InferBody, request: FastifyRequest, reply: FastifyReply, { signal }: Caller): Promise<object> {
    const asked = await readContractRequest(body);
    const task = this.contract.taskOf(asked.params.task);
    request.notes!.task = task.name;
    const session = sessionOf(asked.params);
    const turn = session ?? `client:${request.ip}`;
    const { response, model } = await this.contract.run(task, asked, { session, turn, timeoutMs: inferTimeoutMs, signal });
    if (model) void reply.header('X-Model-Fingerprint', model.fingerprint);
    return response;
  }

  private async inferLegacy(body: InferBody, request: FastifyRequest, reply: FastifyReply, caller: Caller): Promise<object> {
    const asked = parseLegacyRequest(body);
    const task = this.catalogue.require(asked.task);
    request.notes!.task = task.name;
    const named = sessionOf(asked.data);
    const { pictures, camera } = await readFrames(
      { fields: task.pictureFields, data: asked.data, files: asked.files },
      { frames: this.frames, timeoutMs: inferTimeoutMs, caller },
    );
    const session = named ?? camera;
    const outcome = await this.runner.runOne({
      task,
      data: asked.data,
      pictures,
      session,
      turn: session ?? `client:${request.ip}`,
      lane: 'live',
      timeoutMs: inferTimeoutMs,
      caller,
    });
    if (outcome.model) void reply.header('X-Model-Fingerprint', outcome.model.fingerprint);
    return legacyReply(outcome, reply.elapsedTime);
  }
}
