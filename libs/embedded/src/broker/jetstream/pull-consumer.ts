import { statusMessage } from '../broker-message.js';
import { matchesSubject, patternsOverlap, splitSubject, type SubjectTokens } from '../subject.js';
import type { JetStreamHost } from './jetstream-host.js';
import type { MemoryStream, StoredMessage } from './memory-stream.js';
import { nanosPerMs, type ConsumerConfig } from './stream-config.js';

/** What a client asks for with `$JS.API.CONSUMER.MSG.NEXT`; durations in nanoseconds as on the wire. */
export interface PullRequest {
  readonly batch?: number;
  readonly expires?: number;
  readonly no_wait?: boolean;
  readonly idle_heartbeat?: number;
}

/** What a worker says of a message it was given. */
export type Acknowledgement =
  { readonly kind: 'done' } | { readonly kind: 'working' } | { readonly kind: 'refused'; readonly delayMs: number };

interface WaitingPull {
  readonly inbox: string;
  remaining: number;
  expiry?: NodeJS.Timeout;
  heartbeat?: NodeJS.Timeout;
}

/**
 * A place in a stream that many workers pull from: each message goes to one of them and comes back when it is not
 * acknowledged within `ack_wait`, at most `max_deliver` times.
 */
export class PullConsumer {
  readonly createdAt = new Date().toISOString();
  /** Sequences that may be delivered now, next one first. */
  private ready: number[] = [];
  /** Delivered and not acknowledged: the timer brings the message back. */
  private readonly unacknowledged = new Map<number, NodeJS.Timeout>();
  private readonly deliveries = new Map<number, number>();
  private readonly pulls: WaitingPull[] = [];
  private deliveredCount = 0;
  private lastStreamSequence = 0;
  private config: ConsumerConfig;
  private filters: readonly SubjectTokens[] = [];

  constructor(
    private readonly stream: MemoryStream,
    config: ConsumerConfig,
    private readonly host: JetStreamHost,
  ) {
    this.config = config;
    this.update(config);
    if (config.deliver_policy === 'new') return;
    for (const message of stream.all()) if (this.wants(message)) this.ready.push(message.sequence);
  }

  get name(): string {
    return this.config.name;
  }

  update(config: ConsumerConfig): void {
    this.config = config;
    this.filters = config.filter_subjects.map(splitSubject);
  }

  /** Whether a message could be wanted by both: a work queue allows that to no two consumers. */
  overlaps(filters: readonly SubjectTokens[]): boolean {
    if (this.filters.length === 0 || filters.length === 0) return true;
    return this.filters.some((own) => filters.some((other) => patternsOverlap(own, other)));
  }

  /** A new message of the stream. */
  offer(message: StoredMessage): void {
    if (!this.wants(message)) return;
    this.ready.push(message.sequence);
    this.deliver();
  }

  /** The stream no longer has this message. */
  forget(sequence: number): void {
    clearTimeout(this.unacknowledged.get(sequence));
    this.unacknowledged.delete(sequence);
    this.deliveries.delete(sequence);
    const index = this.ready.indexOf(sequence); // removed ones are the oldest: found at the front
    if (index >= 0) this.ready.splice(index, 1);
  }

  /** Queues a request for messages; what cannot be met at once waits until `expires`. */
  pull(inbox: string, request: PullRequest): void {
    const wanted = Math.max(1, request.batch ?? 1);
    if (request.no_wait === true && this.ready.length === 0) return this.host.publish(statusMessage(inbox, '404 No Messages'));
    // "full": the worker is told, and asks again later.
    if (this.pulls.length >= this.config.max_waiting) return this.host.publish(statusMessage(inbox, '409 Exceeded MaxWaiting'));
    const pull: WaitingPull = { inbox, remaining: request.no_wait === true ? Math.min(wanted, this.ready.length) : wanted };
    if (request.expires !== undefined && request.expires > 0) {
      pull.expiry = setTimeout(() => this.expirePull(pull), request.expires / nanosPerMs);
    }
    if (request.idle_heartbeat !== undefined && request.idle_heartbeat > 0) {
      pull.heartbeat = setInterval(
        () => this.host.publish(statusMessage(inbox, '100 Idle Heartbeat')),
        request.idle_heartbeat / nanosPerMs,
      );
    }
    this.pulls.push(pull);
    this.deliver();
  }

  acknowledge(sequence: number, acknowledgement: Acknowledgement): void {
    if (!this.unacknowledged.has(sequence)) return; // late: it was delivered again, or is done
    switch (acknowledgement.kind) {
      case 'done':
        this.finish(sequence);
        return;
      case 'working':
        this.awaitAcknowledgement(sequence, this.config.ack_wait / nanosPerMs);
        return;
      case 'refused':
        if (acknowledgement.delayMs > 0) this.awaitAcknowledgement(sequence, acknowledgement.delayMs);
        else this.redeliver(sequence);
    }
  }

  /** Tells everybody who waits that there is nothing to wait for. */
  close(status: string): void {
    for (const timer of this.unacknowledged.values()) clearTimeout(timer);
    this.unacknowledged.clear();
    for (const pull of [...this.pulls]) {
      this.endPull(pull);
      this.host.publish(statusMessage(pull.inbox, status));
    }
  }

  info(): object {
    const { filter_subjects: filters, ...config } = this.config;
    const [filter] = filters;
    return {
      stream_name: this.stream.config.name,
      name: this.name,
      created: this.createdAt,
      config: {
        ...config,
        replay_policy: 'instant',
        ...(filters.length > 1 ? { filter_subjects: filters } : filter === undefined ? {} : { filter_subject: filter }),
      },
      delivered: { consumer_seq: this.deliveredCount, stream_seq: this.lastStreamSequence },
      ack_floor: { consumer_seq: 0, stream_seq: 0 },
      num_ack_pending: this.unacknowledged.size,
      num_redelivered: [...this.deliveries.values()].filter((count) => count > 1).length,
      num_waiting: this.pulls.length,
      num_pending: this.ready.length,
    };
  }

  private wants(message: StoredMessage): boolean {
    if (this.filters.length === 0) return true;
    const subject = splitSubject(message.subject);
    return this.filters.some((filter) => matchesSubject(filter, subject));
  }

  /** Gives what is ready to whoever waits, oldest request first. */
  private deliver(): void {
    while (this.ready.length > 0 && this.unacknowledged.size < this.config.max_ack_pending) {
      const pull = this.pulls[0];
      if (!pull) return;
      if (!this.host.hasInterest(pull.inbox)) {
        this.endPull(pull); // the worker is gone
        continue;
      }
      const sequence = this.ready.shift();
      const message = sequence === undefined ? undefined : this.stream.get(sequence);
      if (!message || !this.countDelivery(message.sequence)) continue;
      this.host.deliver(pull.inbox, { ...message, replyTo: this.ackSubject(message) });
      pull.remaining -= 1;
      if (pull.remaining <= 0) this.endPull(pull);
    }
  }

  /** False when the message has had all its deliveries: it stays in the stream until it ages out, like on the real server. */
  private countDelivery(sequence: number): boolean {
    const count = (this.deliveries.get(sequence) ?? 0) + 1;
    if (this.config.max_deliver > 0 && count > this.config.max_deliver) return false;
    this.deliveries.set(sequence, count);
    this.deliveredCount += 1;
    this.lastStreamSequence = Math.max(this.lastStreamSequence, sequence);
    if (this.config.ack_policy === 'explicit') this.awaitAcknowledgement(sequence, this.config.ack_wait / nanosPerMs);
    return true;
  }

  /** `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time in ns>.<still pending>` */
  private ackSubject({ sequence, storedAtMs }: StoredMessage): string {
    const deliveries = this.deliveries.get(sequence) ?? 1;
    return `$JS.ACK.${this.stream.config.name}.${this.name}.${deliveries}.${sequence}.${this.deliveredCount}.${storedAtMs}000000.${this.ready.length}`;
  }

  private awaitAcknowledgement(sequence: number, waitMs: number): void {
    clearTimeout(this.unacknowledged.get(sequence));
    this.unacknowledged.set(
      sequence,
      setTimeout(() => this.redeliver(sequence), waitMs),
    );
  }

  private redeliver(sequence: number): void {
    clearTimeout(this.unacknowledged.get(sequence));
    this.unacknowledged.delete(sequence);
    if (this.stream.get(sequence)) this.ready.unshift(sequence);
    this.deliver();
  }

  private finish(sequence: number): void {
    clearTimeout(this.unacknowledged.get(sequence));
    this.unacknowledged.delete(sequence);
    this.deliveries.delete(sequence);
    if (this.stream.config.retention === 'workqueue') this.stream.remove(sequence);
    this.deliver();
  }

  private expirePull(pull: WaitingPull): void {
    this.endPull(pull);
    this.host.publish(
      statusMessage(pull.inbox, '408 Request Timeout', { 'Nats-Pending-Messages': pull.remaining, 'Nats-Pending-Bytes': 0 }),
    );
  }

  private endPull(pull: WaitingPull): void {
    clearTimeout(pull.expiry);
    clearInterval(pull.heartbeat);
    const index = this.pulls.indexOf(pull);
    if (index >= 0) this.pulls.splice(index, 1);
  }
}
