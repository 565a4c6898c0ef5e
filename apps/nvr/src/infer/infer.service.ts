import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { CheckedFetch } from '@nightjar/outbound';
import { AppError, toAppError } from '@nightjar/runtime';
import { cameraScopeOf, type CameraScope } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { Camera } from '../cameras/cameras.store.js';
import type { ApiConfig } from '../config.js';
import { FramesService } from '../frames/frames.service.js';
import { internalService } from '../internal/internal-key.js';
import { CONFIG } from '../process-parts.js';
import type { InferAdapter } from './adapter-directory.js';
import { AdapterPolicy } from './adapter-policy.js';
import { InferAnnouncements } from './infer-announcements.js';
import { noAdapter, readAnswer, type InferAnswer } from './infer-answer.js';
import { adapterBody, readInferRequest } from './infer-request.js';

/** As long as an adapter's own callers wait. */
const inferTimeoutMs = 30_000;
const answerBytesMax = 4 * 1024 * 1024;
/** More wait nowhere: `admitInferBodies` lets fewer in. */
const exchangesMax = 32;

/** Asks adapters on behalf of apps and users. */
@Injectable()
export class InferService {
  private readonly client = new CheckedFetch({ policy: new AdapterPolicy(), exchangesMax });

  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly cameras: CamerasService,
    private readonly frames: FramesService,
    private readonly announcements: InferAnnouncements,
  ) {}

  /** @throws AppError `not_found` for a name that no adapter has here */
  findAdapter(name: string): InferAdapter {
    const { adapters } = this.config.infer;
    const adapter = adapters.get(name);
    if (adapter) return adapter;
    const known = [...adapters.keys()].join(', ');
    throw new AppError('not_found', adapters.size === 0 ? 'no adapter is set up here' : `Adapter not found; there are: ${known}`);
  }

  /**
   * A camera that somebody names in a request for inference. A service of the installation may name cameras that the NVR does not
   * have: apps have cameras of their own.
   * @throws AppError `not_found` for who may not see it
   */
  async findCamera(principal: Principal, reference: string): Promise<Camera | undefined> {
    const finding = this.cameras.find(scopeOf(principal), reference);
    if (principal !== internalService) return finding;
    return finding.catch((error: unknown) => {
      if (toAppError(error).code === 'not_found') return undefined;
      throw error;
    });
  }

  /** @throws AppError `not_found` (adapter, camera), `unprocessable`, `unavailable` without a picture of the camera */
  async infer(
    principal: Principal,
    call: { adapter: string; body: unknown; correlationId: string; signal: AbortSignal },
  ): Promise<InferAnswer> {
    const adapter = this.findAdapter(call.adapter);
    const isService = principal === internalService;
    const request = readInferRequest(call.body, { adapter, isTrusted: isService });
    const camera = request.camera === undefined ? undefined : await this.findCamera(principal, request.camera);
    if (request.wantsPicture && !camera) throw new AppError('not_found', 'Camera not found');
    const picture = request.wantsPicture && camera ? (await this.frames.readLatest(camera.framesName)).bytes : undefined;
    const body = adapterBody(request, adapter, picture);
    const { correlationId, signal } = call;
    const answer = await this.ask(adapter, { body, cameraId: camera?.id, correlationId, signal });
    if (isService && Buffer.isBuffer(answer.body))
      this.announcements.tell({ adapter, camera: camera ? `cam${camera.id}` : request.camera, answer: answer.body, correlationId });
    return answer;
  }

  private async ask(
    adapter: InferAdapter,
    call: { body: Buffer; cameraId: number | undefined; correlationId: string; signal: AbortSignal },
  ): Promise<InferAnswer> {
    try {
      const answer = await this.client.post(`${adapter.url}/infer`, {
        headers: {
          ...this.config.infer.headers,
          'content-type': 'application/json',
          accept: 'application/json',
          'x-correlation-id': call.correlationId,
          // What a balancer before several adapters goes by: tracks of one camera are in one of them.
          ...(call.cameraId !== undefined && { 'x-camera-id': String(call.cameraId) }),
        },
        body: call.body,
        keepBytes: answerBytesMax + 1,
        timeoutMs: inferTimeoutMs,
        signal: call.signal,
      });
      return readAnswer(answer, answerBytesMax);
    } catch (error) {
      call.signal.throwIfAborted();
      const { code } = toAppError(error);
      // An address that is not allowed or no HTTP is as little the caller's fault as one where nobody answers.
      if (code === 'unavailable' || code === 'invalid_argument') return noAdapter();
      throw error;
    }
  }
}

function scopeOf(principal: Principal): CameraScope {
  return principal === internalService ? { kind: 'all' } : cameraScopeOf(principal);
}
