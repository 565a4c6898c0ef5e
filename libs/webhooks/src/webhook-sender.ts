import type { CheckedFetch } from '@nightjar/outbound';
import { AppError, deadlineSignal, pause, sleep, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { AttemptOutcome, ClaimedDelivery, DeliveryContent, DeliveryQueue } from './delivery-queue.js';
import { standardWaitsMs, verdictAfter, type ReceiverAnswer } from './delivery-schedule.js';
import { webhookHeaders, type SignatureFormat } from './sign-webhook.js';
import { SlowOrigins } from './slow-origins.js';

/** Messages on their way at a time, each with its body in memory. Full: the others wait in their rows. */
const inFlightMax = 32;
const inFlightPerOrigin = 2;
/** Bodies in memory together; a result has 32 MiB at most. Full: a message is given back, and taken again when there is room. */
const bodyBytesMax = 128 * 1024 ** 2;
/** Of these, messages to receivers that were slow lately. */
const slowInFlightMax = 16;
const slowRememberedMs = 600_000;
const answerReadBytes = 64 * 1024;
const answerKeptBytes = 1024;
/** Between tries to write down an outcome while Postgres is away. */
const recordAgainMs = 1_000;

/** Times of the deliveries; tests shorten them. */
export interface DeliveryTimings {
  /** Before each attempt, from the end of the former one. */
  waitsMs: readonly number[];
  /** For a whole attempt: name, connection, answer. */
  timeoutMs: number;
  /** Longer than an attempt with the statements round it. Over it another process sends the message again. */
  leaseMs: number;
  pollEveryMs: number;
  /** A receiver that takes so long shares its room with others of its kind for a while. */
  slowMs: number;
  /** What attempts that are under way get when the process stops. */
  stopGraceMs: number;
}

export const defaultDeliveryTimings: DeliveryTimings = {
  waitsMs: standardWaitsMs,
  timeoutMs: 15_000,
  leaseMs: 45_000,
  pollEveryMs: 1_000,
  slowMs: 2_000,
  stopGraceMs: 4_000,
};

interface WebhookSenderOptions<Claimed extends ClaimedDelivery> {
  queue: DeliveryQueue<Claimed>;
  client: CheckedFetch;
  clock: Clock;
  logger: Logger;
  signatureFormat: SignatureFormat;
  timings: DeliveryTimings;
}

/**
 * Sends webhook messages until it is stopped. Rows are the truth: a message is leased, sent, and what became of it is written
 * under the lease. A crash in between has it sent once more, with the same id. Any number of processes may do this at once.
 */
export class WebhookSender<Claimed extends ClaimedDelivery = ClaimedDelivery> {
  private readonly stopping = new AbortController();
  /** Cuts attempts that are under way. */
  private readonly cutting = new AbortController();
  /** Attempts with their origins. */
  private readonly underWay = new Map<Promise<void>, string>();
  private readonly slow: SlowOrigins;
  private bodyBytes = 0;
  /** The body that is read now: parsed and written anew, a large one takes several times its size for a moment. */
  private reading: Promise<void> = Promise.resolve();
  private wait = new AbortController();
  private readonly done: Promise<void>;

  constructor(private readonly options: WebhookSenderOptions<Claimed>) {
    this.slow = new SlowOrigins({ clock: options.clock, slowMs: options.timings.slowMs, rememberMs: slowRememberedMs });
    this.done = this.run();
  }

  /** Looks for messages now: there is a new one, or somebody asked for one again. Without it they wait for the next poll. */
  nudge(): void {
    this.wait.abort();
  }

  /** Takes no more messages, lets those under way come to an end for a short while and gives the others back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.nudge();
    await this.done;
    const grace = new AbortController();
    const cut = sleep(this.options.timings.stopGraceMs, grace.signal).then(
      () => this.cutting.abort(new AppError('cancelled', 'the process stops')),
      () => undefined,
    );
    await Promise.all(this.underWay.keys());
    grace.abort();
    await cut;
  }

  private async run(): Promise<void> {
    const { logger, timings } = this.options;
    let failing = false;
    while (!this.stopping.signal.aborted) {
      this.wait = new AbortController();
      try {
        await this.startWaiting();
        if (failing) logger.info('webhooks are sent again');
        failing = false;
      } catch (error) {
        if (!failing) logger.error('webhooks cannot be sent', { error });
        failing = true;
      }
      // While it fails nudges count for nothing: every attempt that ends gives one.
      await pause(timings.pollEveryMs, failing ? this.stopping.signal : this.wait.signal);
    }
  }

  /** Starts as many attempts as there is room for; each that ends makes room and nudges. */
  private async startWaiting(): Promise<void> {
    const { queue, timings } = this.options;
    const limit = inFlightMax - this.underWay.size;
    if (limit === 0 || this.bodyBytes >= bodyBytesMax) return;
    const slowUnderWay = [...this.underWay.values()].filter((origin) => this.slow.has(origin)).length;
    const waiting = await queue.claim({
      limit,
      perOrigin: inFlightPerOrigin,
      slowOrigins: this.slow.names,
      slowLimit: Math.max(0, slowInFlightMax - slowUnderWay),
      leaseMs: timings.leaseMs,
    });
    for (const claimed of waiting) {
      const attempt = this.attempt(claimed)
        .catch(
          (error: unknown) => void this.options.logger.error('a webhook attempt was not recorded', { ...this.namesOf(claimed), error }),
        )
        .then((outcome) => {
          this.underWay.delete(attempt);
          // Otherwise the same message would be taken again at once; an attempt that ends, or the next poll, makes up for it.
          if (outcome !== 'no room') this.nudge();
        });
      this.underWay.set(attempt, claimed.origin);
    }
  }

  private async attempt(claimed: Claimed): Promise<'no room' | void> {
    const { clock, queue, timings } = this.options;
    const leaseUntilMs = clock.monotonicMs() + timings.leaseMs;
    const read = this.reading.then(() => queue.contentOf(claimed));
    // Not the body itself: this outlives the attempt.
    this.reading = read.then(
      () => undefined,
      () => undefined,
    );
    const content = await read;
    if (!content) return;
    const { body } = content;
    if (this.bodyBytes > 0 && this.bodyBytes + body.length > bodyBytesMax) {
      await queue.release(claimed);
      return 'no room';
    }
    this.bodyBytes += body.length;
    try {
      await this.sendAndRecord(claimed, content, leaseUntilMs);
    } finally {
      this.bodyBytes -= body.length;
    }
  }

  private async sendAndRecord(claimed: Claimed, content: DeliveryContent, leaseUntilMs: number): Promise<void> {
    const { clock, queue, timings } = this.options;
    const startedMs = clock.monotonicMs();
    const sent = await this.send(claimed, content);
    if (sent === 'cut') return queue.release(claimed);
    const { waitsMs } = timings;
    const attemptsMade = claimed.scheduledBefore + (claimed.manual ? 0 : 1);
    const verdict = verdictAfter(sent.answer, { attemptsMade, waitsMs, nowUnixMs: clock.wallMs(), random: Math.random });
    const durationMs = Math.round(clock.monotonicMs() - startedMs);
    this.slow.note(claimed.origin, durationMs);
    const outcome: AttemptOutcome = { status: sent.answer?.status ?? null, error: sent.error, answer: sent.text, durationMs, verdict };
    this.logAttempt(claimed, outcome);
    await this.record(claimed, outcome, leaseUntilMs);
  }

  private async send(claimed: Claimed, { body, contentType }: DeliveryContent): Promise<SentMessage | 'cut'> {
    const { client, clock, queue, signatureFormat, timings } = this.options;
    const { id, attempt, url } = claimed;
    try {
      const secret = queue.secretOf(claimed);
      const message = { id, attempt, atUnixSeconds: Math.floor(clock.wallMs() / 1_000), body, contentType };
      const answer = await client.post(url, {
        headers: webhookHeaders(message, { secret, format: signatureFormat }),
        body,
        keepBytes: answerReadBytes,
        timeoutMs: timings.timeoutMs,
        signal: this.cutting.signal,
      });
      const retryAfter = answer.headers['retry-after'];
      return {
        answer: { status: answer.status, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined },
        error: errorOfStatus(answer.status),
        text: answer.body.subarray(0, answerKeptBytes).toString('utf8'),
      };
    } catch (error) {
      if (this.cutting.signal.aborted) return 'cut';
      return { answer: undefined, error: toAppError(error).message, text: null };
    }
  }

  /** The message has been sent: while Postgres is away the outcome waits, as long as nobody else may send it. */
  private async record(claimed: Claimed, outcome: AttemptOutcome, leaseUntilMs: number): Promise<void> {
    const { clock, logger, queue } = this.options;
    const over = deadlineSignal(leaseUntilMs - clock.monotonicMs(), this.stopping.signal);
    for (;;) {
      try {
        if (!(await queue.record(claimed, outcome))) logger.warn('a webhook attempt came to nothing', this.namesOf(claimed));
        return;
      } catch (error) {
        if (toAppError(error).code !== 'unavailable' || over.aborted) throw error;
        await pause(recordAgainMs, over);
      }
    }
  }

  /** What a log line may tell: the origin, never the path or the query of the receiver. */
  private namesOf(claimed: Claimed) {
    const { id, origin, attempt } = claimed;
    return { deliveryId: id, ...this.options.queue.namesOf?.(claimed), origin, attempt };
  }

  private logAttempt(claimed: Claimed, { status, error, durationMs, verdict }: AttemptOutcome): void {
    const fields = { ...this.namesOf(claimed), manual: claimed.manual, status, error, durationMs, ...verdict };
    if (verdict.kind === 'delivered') this.options.logger.info('webhook attempt', fields);
    else this.options.logger.warn('webhook attempt', fields);
  }
}

/** What came of sending. */
interface SentMessage {
  answer: ReceiverAnswer | undefined;
  error: string | null;
  text: string | null;
}

function errorOfStatus(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `the receiver answers with a redirect (${status}), which is not followed`;
  return `the receiver answers with status ${status}`;
}
