/**
 * The deadline of an exchange with somebody else. It stands still while we ourselves are what is waited for: the other side does not
 * pay for that. To be closed when the exchange is over.
 */
export class WorkingTime {
  private readonly controller = new AbortController();
  private readonly onCaller = () => this.controller.abort(this.caller?.reason);
  private timer: NodeJS.Timeout | undefined;
  private resumedMs = 0;

  constructor(
    private leftMs: number,
    private readonly caller?: AbortSignal,
  ) {
    caller?.addEventListener('abort', this.onCaller, { once: true });
    if (caller?.aborted) this.onCaller();
    this.resume();
  }

  /** Aborts when the time is used up, or when the caller's signal does, with its reason. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  pause(): void {
    clearTimeout(this.timer);
    this.leftMs -= performance.now() - this.resumedMs;
  }

  resume(): void {
    this.resumedMs = performance.now();
    const late = () => this.controller.abort(new DOMException('the time is used up', 'TimeoutError'));
    this.timer = setTimeout(late, Math.max(0, this.leftMs));
  }

  close(): void {
    clearTimeout(this.timer);
    this.caller?.removeEventListener('abort', this.onCaller);
  }
}
