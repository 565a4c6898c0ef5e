import { Inject, Injectable } from '@nestjs/common';
import { adapterAnswered } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import type { Clock } from '@nightjar/runtime';
import { z } from 'zod';
import { parseCameraReference } from '../cameras/parse-camera-reference.js';
import { CLOCK } from '../process-parts.js';
import type { InferAdapter } from './adapter-directory.js';

/** A message on the bus has a mebibyte. */
const answerBytesMax = 512 * 1024;

const Answer = z.object({
  status: z.literal('ok'),
  model_name: z.string(),
  model_version: z.string(),
  inference_ms: z.number().int().min(0),
  result: z.record(z.string(), z.unknown()),
});

/** Tells on the bus what adapters found for apps: other apps read it there, as they do behind OpenNVR. */
@Injectable()
export class InferAnnouncements {
  constructor(
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A fact: it may be lost, and what is none is not told. */
  tell(told: { adapter: InferAdapter; camera: string | undefined; answer: Buffer; correlationId: string }): void {
    if (told.answer.length > answerBytesMax) return;
    const read = Answer.safeParse(JSON.parse(told.answer.toString('utf8')));
    if (!read.success) return;
    const { model_name, model_version, inference_ms, result } = read.data;
    const fingerprint = result.model_fingerprint;
    this.bus.publish(adapterAnswered, {
      correlation_id: told.correlationId,
      adapter: told.adapter.name,
      // Adapters say it in /capabilities and in no answer.
      adapter_version: null,
      camera_id: cameraOnBus(told.camera),
      model_name,
      model_version,
      model_fingerprint: typeof fingerprint === 'string' ? fingerprint : null,
      inference_ms,
      result,
      completed_at: new Date(this.clock.wallMs()).toISOString(),
    });
  }
}

/** `cam<id>` for ours; the name that an app gave to one of its own, as subjects can have it. */
function cameraOnBus(camera: string | undefined): string {
  if (camera === undefined) return 'unknown';
  const reference = parseCameraReference(camera);
  if (reference?.kind === 'id') return `cam${reference.id}`;
  return camera.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64);
}
