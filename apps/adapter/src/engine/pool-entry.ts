import type { Lane } from '@nightjar/contracts';
import { AppError, toAppError, type Clock } from '@nightjar/runtime';
import type { QueuePlace } from '../scheduling/fair-queue.js';
import type { EngineResult, EngineWork } from './protocol.js';

export interface EngineRequest {
  readonly work: EngineWork;
  readonly lane: Lane;
  /** Who asks; those who wait take turns by it. */
  readonly turn: string;
  /** Waiting and running together. */
  readonly timeoutMs: number;
  /** How often another adapter may have begun it already; counts into the runs it may have in all. */
  readonly earlierRuns?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What the engine found, and how long it took to come to it. */
export interface PoolResult extends EngineResult {
  /** From the request to the start of the run that was answered. */
  readonly waitedMs: number;
  /** That run, with the way to the engine process and back. */
  readonly ranMs: number;
}

interface Caller {
  readonly resolve: (result: PoolResult) => void;
  readonly reject: (error: AppError) => void;
}

const tooLate = () => new AppError('deadline_exceeded', 'the model did not answer in time', { retryAfterMs: 1_000 });

/** A request on its way through the pool. Its caller is answered once, at the deadline at the latest. */
export class PoolEntry {
  readonly work: EngineWork;
  readonly place: QueuePlace;
  readonly receivedMs: number;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  /** How often it was given to an engine process, here or elsewhere. */
  runs: number;
  /** Called when its caller goes away or the deadline passes. */
  onAbandon: () => void = () => undefined;
  private isAnswered = false;
  private readonly timer: NodeJS.Timeout;
  private readonly onAbort = () => this.abandon(toAppError(this.signal?.reason));
  private readonly signal: AbortSignal | undefined;

  constructor(
    { work, lane, turn, timeoutMs, earlierRuns = 0, signal }: EngineRequest,
    private readonly caller: Caller,
    clock: Clock,
  ) {
    this.work = work;
    this.place = { lane, turn, sizeBytes: sizeOf(work) };
    this.runs = earlierRuns;
    this.signal = signal;
    this.receivedMs = clock.monotonicMs();
    this.deadlineMs = this.receivedMs + timeoutMs;
    this.timer = setTimeout(() => this.abandon(tooLate()), timeoutMs);
    signal?.addEventListener('abort', this.onAbort, { once: true });
    if (signal?.aborted) this.onAbort();
  }

  /** Whether nobody waits for it any more. */
  get answered(): boolean {
    return this.isAnswered;
  }

  resolve(result: PoolResult): void {
    this.answer(() => this.caller.resolve(result));
  }

  reject(error: AppError): void {
    this.answer(() => this.caller.reject(error));
  }

  private abandon(error: AppError): void {
    if (this.isAnswered) return;
    this.reject(error);
    this.onAbandon();
  }

  private answer(tell: () => void): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    // Or the picture would be held in memory until the deadline.
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.onAbort);
    tell();
  }
}

function sizeOf({ steps, pictures }: EngineWork): number {
  const tensors = steps.flatMap((step) => (step.task === 'run_tensors' ? step.options.inputs.map(({ data }) => data) : []));
  return [...pictures, ...tensors].reduce((sum, part) => sum + (ArrayBuffer.isView(part) ? part.byteLength : 0), 0);
}
