import type { InferenceResult } from '@nightjar/contracts';
import { ltwhFromXyxy } from '@nightjar/geometry';
import type { PulledWork } from '@nightjar/messaging';
import type { Clock } from '@nightjar/runtime';
import type { EnginePool } from '../engine/engine-pool.js';
import type { EngineResult } from '../engine/protocol.js';
import { personMinScore } from '../tasks/person-counting/person-counting.js';
import { checkPicture } from './picture-header.js';

/**
 * Does one item of `person_detection` work from the bus. No tracks: whoever asks over the bus follows persons itself.
 * @throws AppError that travels to the caller
 */
export async function detectPersonsForBus(
  work: PulledWork,
  parts: { pool: EnginePool; clock: Clock; signal: AbortSignal },
): Promise<InferenceResult> {
  const { pool, clock, signal } = parts;
  const { picture, request, lane, deadlineUnixMs, deliveries } = work;
  const receivedMs = clock.monotonicMs();
  checkPicture(picture);
  const result = await pool.run({
    work: { task: 'person_detection', options: { minScore: request.min_confidence ?? personMinScore }, picture },
    lane,
    turn: request.source,
    timeoutMs: Math.max(1, deadlineUnixMs - clock.wallMs()),
    earlierRuns: deliveries - 1,
    signal,
  });
  return { ...describeDetections(result), latency_ms: Math.round(clock.monotonicMs() - receivedMs) };
}

function describeDetections({ objects, picture, model }: EngineResult<'person_detection'>): Omit<InferenceResult, 'latency_ms'> {
  return {
    detections: objects.map(({ box, label, score }) => {
      const { left, top, width, height } = ltwhFromXyxy(box);
      return { bbox: [left, top, width, height], label, confidence: score };
    }),
    picture: { w: picture.width, h: picture.height },
    model: { name: model.name, version: model.version, fingerprint: model.fingerprint },
  };
}
