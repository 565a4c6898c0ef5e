import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FrameResolver } from '../../intake/frame-resolver.js';
import { checkPicture, maxPictureBytes } from '../../intake/picture-header.js';
import { parseJsonRequest, readMultipartRequest, type InferRequest } from './infer-request.js';
import { LegacyTasks } from './legacy-tasks.js';

const inferTimeoutMs = 30_000;

@Controller()
export class LegacyInferController {
  constructor(
    private readonly tasks: LegacyTasks,
    private readonly frames: FrameResolver,
  ) {}

  @Post('infer')
  @Policy({ kind: 'authenticated' })
  @HttpCode(200)
  async infer(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const signal = signalOfCaller(reply);
    const asked = request.isMultipart() ? await readMultipartRequest(request, maxPictureBytes) : parseJsonRequest(request.body);
    const task = this.tasks.require(asked.task);
    const { picture, camera } = await this.readPicture(asked, signal);
    checkPicture(picture);

    const session = asked.session ?? camera;
    const { model, ...answer } = await task.run({
      picture,
      session,
      turn: session ?? `client:${request.ip}`,
      timeoutMs: inferTimeoutMs,
      signal,
    });
    void reply.header('X-Model-Fingerprint', model.fingerprint);
    return {
      task: task.name,
      ...answer,
      latency_ms: Math.round(reply.elapsedTime),
      bbox_format: task.bboxFormat,
      model_name: model.name,
      model_version: model.version,
      model_fingerprint: model.fingerprint,
      tracking: 'local',
      executed_at: Date.now(),
    };
  }

  private async readPicture({ picture }: InferRequest, signal: AbortSignal): Promise<{ picture: Uint8Array; camera: string | undefined }> {
    if ('bytes' in picture) return { picture: picture.bytes, camera: undefined };
    const { frame, bytes } = await this.frames.read(picture.uri, { timeoutMs: inferTimeoutMs, signal });
    return { picture: bytes, camera: `camera:${frame.directory}` };
  }
}

/** Aborts when the caller hangs up before the answer. */
function signalOfCaller(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new DOMException('the caller hung up', 'AbortError'));
  });
  return controller.signal;
}
