import type { EngineResult } from './protocol.js';

interface InFlight {
  /** A command about models otherwise. */
  readonly isRun: boolean;
  /** On the monotonic clock. */
  deadlineMs: number;
  readonly resolve: (result: EngineResult | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** What one engine process has been asked and has not answered yet. */
export class InFlightRequests {
  private readonly requests = new Map<number, InFlight>();
  private lastId = 0;

  /** Requests that work on pictures or tensors; commands don't count. */
  get runs(): number {
    return [...this.requests.values()].filter(({ isRun }) => isRun).length;
  }

  /** Commands count as well. */
  get isEmpty(): boolean {
    return this.requests.size === 0;
  }

  /** When the first of them ought to have been answered; Infinity when nothing has a deadline. */
  get firstDeadlineMs(): number {
    return Math.min(Infinity, ...[...this.requests.values()].map(({ deadlineMs }) => deadlineMs));
  }

  has(requestId: number): boolean {
    return this.requests.has(requestId);
  }

  /** @returns its number, and its answer to come: a result for a run, nothing for a command */
  open({ isRun, deadlineMs }: Pick<InFlight, 'isRun' | 'deadlineMs'>): { requestId: number; answer: Promise<EngineResult | undefined> } {
    const requestId = ++this.lastId;
    const answer = new Promise<EngineResult | undefined>((resolve, reject) => {
      this.requests.set(requestId, { isRun, deadlineMs, resolve, reject });
    });
    return { requestId, answer };
  }

  resolve(requestId: number, result?: EngineResult): void {
    this.take(requestId)?.resolve(result);
  }

  reject(requestId: number, error: Error): void {
    this.take(requestId)?.reject(error);
  }

  rejectAll(error: Error): void {
    for (const requestId of [...this.requests.keys()]) this.reject(requestId, error);
  }

  /** Gives every one of them more time. */
  extend(byMs: number): void {
    for (const request of this.requests.values()) request.deadlineMs += byMs;
  }

  private take(requestId: number): InFlight | undefined {
    const request = this.requests.get(requestId);
    this.requests.delete(requestId);
    return request;
  }
}
