import { AppError, pause, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { CheckedFetch } from '@nightjar/outbound';
import { CallbackLines, originOf, type Delivery } from './callback-lines.js';
import type { HttpCallback } from './callback-parameters.js';
import { LostEventsLog } from './lost-events-log.js';

/** Before the second attempt, the third, … */
const retryPausesMs = [1_000, 5_000, 25_000];
const answerBytesKept = 256;
/** What may mean that a later attempt goes better. */
const retryableStatuses = [408, 425, 429];

interface CallbackSenderOptions {
  /** The only way out: it refuses addresses inside. */
  client: Pick<CheckedFetch, 'post'>;
  clock: Pick<Clock, 'monotonicMs'>;
  logger: Logger;
  retryPausesMs?: readonly number[];
}

/**
 * Posts events to the addresses of callbacks, each of which has its line: a server that is slow or dead holds up no other one.
 * What is not taken after four attempts is given up.
 */
export class CallbackSender {
  private readonly lines = new CallbackLines();
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly lost: LostEventsLog;
  private droppedCount = 0;

  constructor(private readonly options: CallbackSenderOptions) {
    this.lost = new LostEventsLog(options);
  }

  get waiting(): number {
    return this.lines.waiting;
  }

  /** Events that no address got, since the start. */
  get dropped(): number {
    return this.droppedCount;
  }

  /** Takes an event for one callback; it is sent when its turn comes, and `onEnd` is told what became of it. */
  send(callback: HttpCallback, body: object, onEnd?: Delivery['onEnd']): void {
    if (this.stopping.signal.aborted) return this.drop(callback, 'the agent stops');
    const delivery = { callback, body: Buffer.from(JSON.stringify(body)), onEnd };
    const dropped = this.lines.add(delivery);
    if (dropped) this.drop(dropped.callback, 'too many events wait');
    this.startAt(originOf(delivery));
  }

  /** Sends what waits until the deadline; what is left then is lost. */
  async flush(deadline: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
    if (!deadline.aborted) await Promise.race([this.allEnded(), aborted]);
    this.stopping.abort(new AppError('cancelled', 'the agent stops'));
    await this.allEnded();
    if (this.waiting > 0) this.options.logger.warn('events were not sent to their callbacks', { count: this.waiting });
  }

  /** One that ends makes room for the next, which is running before it is gone. */
  private async allEnded(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private startAt(origin: string): void {
    for (let next = this.lines.next(origin); next; next = this.lines.next(origin)) {
      const work: Promise<void> = this.work(next, origin).finally(() => this.running.delete(work));
      this.running.add(work);
    }
  }

  private async work(delivery: Delivery, origin: string): Promise<void> {
    await this.deliver(delivery);
    // What was cut off was not sent: it is counted with what waits.
    if (this.stopping.signal.aborted) return;
    this.lines.end(delivery);
    this.startAt(origin);
  }

  private async deliver({ body, callback, onEnd }: Delivery): Promise<void> {
    const { signal } = this.stopping;
    const pauses = this.options.retryPausesMs ?? retryPausesMs;
    for (let attempt = 0; ; attempt++) {
      const failure = await this.post(callback, body);
      if (failure === undefined) return onEnd?.(null);
      if (signal.aborted) return;
      const pauseMs = pauses[attempt];
      if (!failure.isTransient || pauseMs === undefined) {
        onEnd?.(failure.reason);
        return this.drop(callback, failure.reason);
      }
      await pause(pauseMs, signal);
    }
  }

  /** @returns why it was not taken; undefined when it was */
  private async post(
    { url, authorization, params }: HttpCallback,
    body: Buffer,
  ): Promise<{ reason: string; isTransient: boolean } | undefined> {
    try {
      const { status } = await this.options.client.post(url, {
        headers: {
          ...params.headers,
          'content-type': params.content_type,
          'user-agent': 'Nightjar',
          ...(authorization && {
            authorization: `Basic ${Buffer.from(`${authorization.login}:${authorization.password}`).toString('base64')}`,
          }),
        },
        body,
        keepBytes: answerBytesKept,
        timeoutMs: params.timeout * 1_000,
        signal: this.stopping.signal,
      });
      if (status >= 200 && status < 300) return undefined;
      return { reason: `it answers ${status}`, isTransient: status >= 500 || retryableStatuses.includes(status) };
    } catch (thrown) {
      const error = toAppError(thrown);
      return { reason: error.message, isTransient: error.retryable };
    }
  }

  private drop({ url }: HttpCallback, reason: string): void {
    this.droppedCount++;
    // The path may hold a key.
    this.lost.note({ origin: new URL(url).origin, reason, dropped: this.droppedCount });
  }
}
