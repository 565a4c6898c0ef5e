import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FaceRegistry } from '../../faces/face-registry.js';
import { describeIssues } from '../../tasks/task-runner.js';
import { signalOfCaller } from '../caller-signal.js';
import { FaceDescriber, faceToRegister } from '../face-describer.js';
import { readInferBody } from '../infer-body.js';
import { FaceRegistration, parseCategory } from '../legacy/face-request.js';
import { renderFace, summariseFace } from '../render-face.js';
import type { CapabilitiesResponse } from './contract-messages.js';

const registerTimeoutMs = 30_000;

/** These routes, as `/capabilities` lists them. */
export const faceRoutes: CapabilitiesResponse['endpoints']['extra'] = [
  {
    path: '/faces/register',
    method: 'POST',
    purpose: 'Register the face of a person: a form with frame, person_id, name, category, metadata',
  },
  { path: '/faces', method: 'GET', purpose: 'List the registered persons' },
  { path: '/faces/{person_id}', method: 'GET', purpose: 'One registered person' },
  { path: '/faces/{person_id}', method: 'DELETE', purpose: 'Forget a person and the embedding of the face' },
];

/** `/faces/register` and `/faces` as adapters for faces have them: the same registry as the legacy surface's, with forms instead of JSON. */
@Controller('faces')
export class ContractFacesController {
  constructor(
    private readonly faces: FaceRegistry,
    private readonly describer: FaceDescriber,
  ) {}

  @Post('register')
  @Policy({ kind: 'authenticated' })
  @HttpCode(200)
  async register(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const signal = signalOfCaller(reply);
    const { details, frame } = await readRegistration(request);
    const face = await this.describer.describe(frame, { turn: `client:${request.ip}`, timeoutMs: registerTimeoutMs, signal });
    if (!face) throw new AppError('unprocessable', 'no face was found on the picture');
    // Whom the caller means nobody can know.
    if (face.faceCount > 1) throw new AppError('unprocessable', `${face.faceCount} faces are on the picture: send one with a single face`);
    const saved = await this.faces.register(faceToRegister(details, face), { signal });
    void reply.header('X-Model-Fingerprint', face.model.fingerprint);
    return { ok: true, face: renderFace(saved.face), face_bbox: face.box };
  }

  @Get()
  @Policy({ kind: 'authenticated' })
  list(@Query('category') category: unknown): object {
    const faces = this.faces.list(parseCategory(category)).map(summariseFace);
    return { faces, count: faces.length };
  }
}

async function readRegistration(request: FastifyRequest): Promise<{ details: FaceRegistration; frame: Uint8Array }> {
  const body = await readInferBody(request);
  if (body.type !== 'multipart') throw new AppError('unsupported_media_type', 'send multipart/form-data');
  const frame = body.files.get('frame');
  if (!frame) throw new AppError('invalid_argument', "Missing 'frame'");
  const fields = Object.fromEntries(body.fields);
  const details = FaceRegistration.safeParse({ ...fields, metadata: parseMetadata(fields.metadata) });
  if (!details.success) throw new AppError('invalid_argument', `Invalid input: ${describeIssues(details.error)}`);
  return { details: details.data, frame };
}

function parseMetadata(given: unknown): unknown {
  if (typeof given !== 'string') return given;
  try {
    return JSON.parse(given) as unknown;
  } catch (cause) {
    throw new AppError('invalid_argument', "'metadata' is not JSON", { cause });
  }
}
