import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FaceRegistry } from '../../faces/face-registry.js';
import { FrameResolver } from '../../intake/frame-resolver.js';
import { readFrames } from '../../intake/read-frames.js';
import { UnreadForm } from '../bodies/body-parsers.js';
import { signalOfCaller } from '../caller-signal.js';
import { FaceDescriber, faceToRegister } from '../face-describer.js';
import { summariseFace } from '../render-face.js';
import { parseCategory, parseFaceRegistration } from './face-request.js';

const registerTimeoutMs = 30_000;

/** `/faces/register` and `/faces/list`: who is known by the face. Embeddings go in with a picture and never come out. */
@Controller('faces')
export class LegacyFacesController {
  constructor(
    private readonly faces: FaceRegistry,
    private readonly describer: FaceDescriber,
    private readonly frames: FrameResolver,
  ) {}

  @Post('register')
  @Policy({ kind: 'authenticated' })
  @HttpCode(200)
  async register(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    if (request.body instanceof UnreadForm) throw new AppError('unsupported_media_type', 'send application/json');
    const signal = signalOfCaller(reply);
    const { details, data } = parseFaceRegistration(request.body);
    const { pictures, camera } = await readFrames(
      { fields: ['frame'], data, files: new Map() },
      { frames: this.frames, timeoutMs: registerTimeoutMs, caller: { signal } },
    );
    const turn = camera ?? `client:${request.ip}`;
    const face = await this.describer.describe(pictures.get('frame')!, { turn, timeoutMs: registerTimeoutMs, signal });
    if (!face) return { success: false, ok: false, person_id: details.person_id, message: 'No face found in the picture' };
    const { face: saved, created } = await this.faces.register(faceToRegister(details, face), { signal });
    void reply.header('X-Model-Fingerprint', face.model.fingerprint);
    const which = face.faceCount > 1 ? ` with the largest of ${face.faceCount} faces in the picture` : '';
    return {
      success: true,
      ok: true,
      ...summariseFace(saved),
      message: `${created ? 'Registered' : 'Replaced the face of'} ${saved.name}${which}`,
      face_bbox: face.box,
      model_name: face.model.name,
      model_fingerprint: face.model.fingerprint,
    };
  }

  @Get('list')
  @Policy({ kind: 'authenticated' })
  list(@Query('category') query: unknown): object {
    const faces = this.faces.list(parseCategory(query)).map(summariseFace);
    return { faces, count: faces.length, total_count: faces.length };
  }
}
