import { AppError } from '@nightjar/runtime';

interface Waiting {
  readonly sizeBytes: number;
  readonly enter: () => void;
}

const full = () => new AppError('overloaded', 'too many pictures from other servers wait to be worked on', { retryAfterMs: 1_000 });

/**
 * Memory that downloads share. Each takes all it may need before it goes on, so that none stops half way and gives up what it has;
 * who finds too little waits in line, so that newcomers don't take what an older one waits for. How many may wait is for the
 * downloads' own bound.
 */
export class ByteRoom {
  private takenBytes = 0;
  private readonly line: Waiting[] = [];
  private holderWaits = false;

  constructor(private readonly options: { readonly capacityBytes: number; readonly waitMs: number }) {}

  /**
   * @param isHolder whether who asks has some of it already. Such a one goes first, and is one at most: two would wait for each
   *   other, so the second is refused, and gives back what the first waits for.
   * @throws AppError `overloaded` when there is no room in time; the reason of the signal
   */
  async take(sizeBytes: number, { isHolder, signal }: { isHolder: boolean; signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    if ((this.line.length === 0 || isHolder) && this.hasRoom(sizeBytes)) {
      this.takenBytes += sizeBytes;
      return;
    }
    if (isHolder && this.holderWaits) throw full();
    if (isHolder) this.holderWaits = true;
    try {
      await this.wait(sizeBytes, { isHolder, signal });
    } finally {
      if (isHolder) this.holderWaits = false;
    }
  }

  giveBack(sizeBytes: number): void {
    this.takenBytes -= sizeBytes;
    this.letIn();
  }

  private wait(sizeBytes: number, { isHolder, signal }: { isHolder: boolean; signal: AbortSignal }): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (tell: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        tell();
      };
      const leave = (reason: unknown) => {
        this.line.splice(this.line.indexOf(waiting), 1);
        settle(() => reject(reason as Error));
        // A smaller one behind may fit.
        this.letIn();
      };
      const onAbort = () => leave(signal.reason);
      const timer = setTimeout(() => leave(full()), this.options.waitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      const waiting: Waiting = { sizeBytes, enter: () => settle(resolve) };
      if (isHolder) this.line.unshift(waiting);
      else this.line.push(waiting);
    });
  }

  private letIn(): void {
    for (let [first] = this.line; first && this.hasRoom(first.sizeBytes); [first] = this.line) {
      this.line.shift();
      this.takenBytes += first.sizeBytes;
      first.enter();
    }
  }

  private hasRoom(sizeBytes: number): boolean {
    return this.takenBytes + sizeBytes <= this.options.capacityBytes;
  }
}
