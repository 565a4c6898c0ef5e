import { AppError, sleep, toAppError, type Logger } from '@nightjar/runtime';
import type { CheckedFetch } from '@nightjar/outbound';
import type { HttpCallback } from './callback-parameters.js';

/** Events that wait for one address. Full: the oldest is dropped and counted, since a newer one says more. */
const waitingPerAddressMax = 32;
/** Events that wait for all addresses. Full: the new one is dropped and counted. */
const waitingMax = 512;
/** Before the second attempt, the third, … */
const retryPausesMs = [1_000, 5_000, 25_000];
const answerBytesKept = 256;
/** What may mean that a later attempt goes better. */
const retryableStatuses = [408, 425, 429];

interface Delivery {
  callback: HttpCallback;
  body: Buffer;
}

export interface CallbackSenderOptions {
  /** The only way out: it refuses addresses inside. */
  client: Pick<CheckedFetch, 'post'>;
  logger: Logger;
  retryPausesMs?: readonly number[];
}

/**
 * Posts events to the addresses of callbacks. Each address has a line of its own, in which events keep their order: one that is
 * slow or dead holds up nobody else. What is not taken after four attempts is given up.
 */
export class CallbackSender {
  private readonly lines = new Map<string, Delivery[]>();
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private waitingCount = 0;
  private droppedCount = 0;

  constructor(private readonly options: CallbackSenderOptions) {}

  get waiting(): number {
    return this.waitingCount;
  }

  /** Events that no address got, since the start. */
  get dropped(): number {
    return this.droppedCount;
  }

  /** Takes an event for one callback; it is sent when its turn comes. */
  send(callback: HttpCallback, body: object): void {
    if (this.stopping.signal.aborted || this.waitingCount >= waitingMax) return this.drop(callback, 'too many events wait');
    const line = this.lines.get(callback.url);
    const delivery = { callback, body: Buffer.from(JSON.stringify(body)) };
    this.waitingCount++;
    if (!line) {
      const begun = [delivery];
      this.lines.set(callback.url, begun);
      const work: Promise<void> = this.work(callback.url, begun).finally(() => this.running.delete(work));
      this.running.add(work);
      return;
    }
    line.push(delivery);
    // The first one is on its way.
    if (line.length > waitingPerAddressMax + 1) {
      line.splice(1, 1);
      this.waitingCount--;
      this.drop(callback, 'too many events wait for this address');
    }
  }

  /** Sends what waits until the deadline; what is left then is lost. */
  async flush(deadline: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
    if (!deadline.aborted) await Promise.race([Promise.all(this.running), aborted]);
    this.stopping.abort(new AppError('cancelled', 'the agent stops'));
    await Promise.all(this.running);
    if (this.waitingCount > 0) this.options.logger.warn('events were not sent to their callbacks', { count: this.waitingCount });
  }

  private async work(url: string, line: Delivery[]): Promise<void> {
    for (let delivery = line[0]; delivery && !this.stopping.signal.aborted; delivery = line[0]) {
      await this.deliver(delivery);
      if (this.stopping.signal.aborted) return;
      line.shift();
      this.waitingCount--;
    }
    this.lines.delete(url);
  }

  private async deliver({ callback, body }: Delivery): Promise<void> {
    const { signal } = this.stopping;
    const pauses = this.options.retryPausesMs ?? retryPausesMs;
    for (let attempt = 0; ; attempt++) {
      const failure = await this.post(callback, body);
      if (failure === undefined || signal.aborted) return;
      const pauseMs = pauses[attempt];
      if (!failure.isTransient || pauseMs === undefined) return this.drop(callback, failure.reason);
      await sleep(pauseMs, signal).catch(() => undefined);
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
    this.options.logger.warn('an event did not reach its callback', { origin: new URL(url).origin, reason, dropped: this.droppedCount });
  }
}
