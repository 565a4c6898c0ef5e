import type { Logger } from '@nightjar/runtime/logger';
import { BatchingSession, type BatchingLimits } from '../../backends/batching-session.js';
import { joinRows, splitOutputs } from '../../backends/join-tensors.js';
import { SizedSessions } from '../../backends/sized-sessions.js';
import { describeOnnxError } from '../../backends/onnx/onnx-errors.js';
import type { Tensors } from '../../backends/tensor.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import type { TensorSession } from '../loaded-model.js';
import type { ModelManifest, PictureInput } from '../model-manifest.js';
import { checkPicture, compareOutputs } from '../precision-check.js';
import { inputsOf, withFloats } from '../run-on-pixels.js';

/**
 * A GPU runs eight pictures in the time of two to four. Nobody waits: calls come while a run keeps the process busy, and are there
 * when it ends.
 */
const gpuBatching: BatchingLimits = { maxSize: 8, maxQueueDelayMs: 0 };

/** A batch that takes nearly as long as its pictures one by one only costs memory. */
const worthwhile = 0.9;
const timedRuns = 3;

/** Kernels for another batch size round differently; a picture that is mixed up with its neighbour gives far less. */
const sameInBatch = 0.999;

interface BatchedModel {
  readonly manifest: ModelManifest;
  readonly takes: PictureInput | undefined;
  readonly provider: ExecutionProvider;
  /** Warm, at batch size 1. */
  readonly session: TensorSession;
  /** Opens another session of the same. */
  readonly open: () => Promise<TensorSession>;
  readonly logger: Logger;
}

/**
 * Lets calls of a model be joined where that pays: on GPUs, if it is seen to pay there, and on CPUs where the manifest says so. The
 * model must take several pictures, and must be seen to answer for two together what it answers for each alone; else it stays as it is.
 * @returns a session that owns the one it was given
 */
export async function openBatched({ manifest, takes, provider, session, open, logger }: BatchedModel): Promise<TensorSession> {
  const limits = manifest.batching ?? (provider === 'cpu' ? undefined : gpuBatching);
  const takesSeveral = session.inputs.every(({ dims }) => dims[0] === -1);
  if (!limits || limits.maxSize === 1 || !takes || !takesSeveral) return session;
  const opened: TensorSession[] = [];
  try {
    if (provider === 'cpu') {
      // A CPU doesn't mind shapes that change.
      await requireSameTogether(session, takes);
      return new BatchingSession(session, limits);
    }
    const together = await open();
    opened.push(together);
    const sized = await sizedSessions({ session, together, takes }, limits.maxSize);
    await requireSameTogether(sized, takes);
    return new BatchingSession(sized, limits);
  } catch (error) {
    logger.warn('a model is not batched', { model: manifest.name, reason: describeOnnxError(error) });
    for (const other of opened) await other.release();
    return session;
  }
}

/** @throws Error when a batch does not pay */
async function sizedSessions(
  { session, together, takes }: { session: TensorSession; together: TensorSession; takes: PictureInput },
  maxSize: number,
): Promise<SizedSessions> {
  const costMs = await cheapestRunMs(session, joinRows([check(session, takes)]));
  const costTogetherMs = await cheapestRunMs(together, joinRows(Array.from({ length: maxSize }, () => check(together, takes))));
  if (costTogetherMs > worthwhile * maxSize * costMs) {
    throw new Error(`a batch of ${maxSize} takes ${costTogetherMs.toFixed(1)} ms, a picture ${costMs.toFixed(1)} ms`);
  }
  return new SizedSessions(
    new Map([
      [1, { session, costMs }],
      [maxSize, { session: together, costMs: costTogetherMs }],
    ]),
  );
}

/** The first run of a size looks for the fastest kernels and does not count. */
async function cheapestRunMs(session: TensorSession, inputs: Tensors): Promise<number> {
  await session.run(inputs);
  let bestMs = Infinity;
  for (let run = 0; run < timedRuns; run++) {
    const startedMs = performance.now();
    await session.run(inputs);
    bestMs = Math.min(bestMs, performance.now() - startedMs);
  }
  return bestMs;
}

/** @throws Error when the model's answer to two pictures at once is not its answers to each */
async function requireSameTogether(session: TensorSession, takes: PictureInput): Promise<void> {
  const pictures = [check(session, takes), check(session, takes, 0.4)];
  const parts = splitOutputs(await session.run(joinRows(pictures)), [1, 1], 2);
  for (const [index, picture] of pictures.entries()) {
    const alone = withFloats(await session.run(picture));
    const { agree, worstCosine } = compareOutputs(alone, withFloats(parts[index]!), sameInBatch);
    if (!agree) throw new Error(`a picture of a batch is answered differently than alone (cosine ${worstCosine.toFixed(4)})`);
  }
}

function check(session: TensorSession, takes: PictureInput, brightness = 1): Tensors {
  return inputsOf({ session, takes }, checkPicture(takes.widthPixels, takes.heightPixels, brightness));
}
