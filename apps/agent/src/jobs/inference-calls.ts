import type { Capability, InferenceResult } from '@nightjar/contracts';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { AppError, sleep, toAppError } from '@nightjar/runtime';
import type { OfferedCapabilities } from './offered-capabilities.js';

/** Longest wait of one batch call: an item may wait up to a minute in the queue, but a job need not wait on one that was lost. */
const callTimeoutMs = 30_000;
const firstPauseMs = 250;
const longestPauseMs = 5_000;

/** How a job reaches adapters. */
export interface AdapterAccess {
  dispatcher: Pick<InferenceDispatcher, 'infer'>;
  capabilities: Pick<OfferedCapabilities, 'lacks'>;
}

interface AdapterQuestion {
  capability: Capability;
  /** JPEG, PNG or WebP that fits into a message. */
  picture: Uint8Array;
  /** Weaker detections are left out; absent: the adapter's own threshold. */
  minConfidence?: number;
  /** Of `face_detection`: a vector for each face. */
  withDescriptors?: boolean;
}

export interface QuestionOptions {
  jobId: string;
  signal: AbortSignal;
  /** Told on each pause, so that the job can say why it does not move. */
  onWaiting?: (error: AppError) => void;
}

/**
 * Asks the adapters about one picture of a job. Full queues, absent adapters and late answers are tried again for as long as the
 * job itself may go on: its lease and its time limit are the gateway's to end, through the signal.
 * @throws AppError `cancelled` on the signal; `not_implemented` when no adapter of this installation offers the capability; or
 *   what the adapter says of the picture itself, with `details.jobCode`
 */
export async function askAdapters(access: AdapterAccess, question: AdapterQuestion, options: QuestionOptions): Promise<InferenceResult> {
  const { jobId, signal, onWaiting } = options;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    if (access.capabilities.lacks(question.capability))
      throw new AppError('not_implemented', `no adapter offers ${question.capability}`, { details: { jobCode: 'capability_missing' } });
    try {
      return await access.dispatcher.infer({ ...question, lane: 'batch', source: jobId, timeoutMs: callTimeoutMs, signal });
    } catch (thrown) {
      if (signal.aborted) throw new AppError('cancelled', 'the job was stopped', { cause: signal.reason });
      const error = toAppError(thrown);
      if (!error.retryable) throw new AppError(error.code, error.message, { cause: error, details: { jobCode: 'inference_failed' } });
      onWaiting?.(error);
      // Half fixed, half random: the calls of a job that were refused together do not come back together.
      await sleep(Math.max(pauseMs, error.retryAfterMs ?? 0) * (0.5 + Math.random() / 2), signal);
    }
  }
}

/**
 * As `askAdapters`, for a stage that a job can do without: faces, text, objects.
 * @returns undefined when no adapter offers it, or when the model fails on this picture
 * @throws AppError `cancelled` on the signal
 */
export async function askIfPossible(
  access: AdapterAccess,
  question: AdapterQuestion,
  options: QuestionOptions,
): Promise<InferenceResult | undefined> {
  try {
    return await askAdapters(access, question, options);
  } catch (error) {
    if (error instanceof AppError && error.details?.jobCode !== undefined) return undefined;
    throw error;
  }
}

/** Bounds how many calls of one job are under way. Full: `start` waits, which pauses the decoder behind it. */
export class InFlightCalls {
  private readonly running = new Set<Promise<void>>();
  private failure: { error: unknown } | undefined;

  constructor(private readonly callsMax: number) {}

  /** Starts a call as soon as there is room. @throws what an earlier call threw */
  async start(call: () => Promise<void>): Promise<void> {
    while (this.running.size >= this.callsMax && !this.failure) await Promise.race(this.running);
    this.throwFailure();
    const running: Promise<void> = call()
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .finally(() => this.running.delete(running));
    this.running.add(running);
  }

  /** Waits for all that run. @throws what the first failed call threw */
  async finish(): Promise<void> {
    await Promise.all(this.running);
    this.throwFailure();
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }
}
