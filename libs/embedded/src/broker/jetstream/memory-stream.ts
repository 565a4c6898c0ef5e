import { readHeader, type BrokerMessage } from '../broker-message.js';
import { matchesSubject, splitSubject, type SubjectTokens } from '../subject.js';
import { apiErrors } from './api-error.js';
import type { PullConsumer } from './pull-consumer.js';
import { nanosPerMs, type StreamConfig } from './stream-config.js';

/** A message in a stream. */
export interface StoredMessage extends BrokerMessage {
  readonly sequence: number;
  readonly storedAtMs: number;
}

/** What a publisher is told. */
interface PublishAck {
  readonly stream: string;
  readonly seq: number;
  readonly duplicate?: true;
}

/** An ordered, bounded store of messages in memory with its consumers. */
export class MemoryStream {
  readonly createdAt = new Date().toISOString();
  readonly consumers = new Map<string, PullConsumer>();
  private readonly messages = new Map<number, StoredMessage>(); // insertion order is sequence order
  private readonly messageIds = new Map<string, { sequence: number; untilMs: number }>();
  private currentConfig: StreamConfig;
  private subjectPatterns: readonly SubjectTokens[] = [];
  private lastSequence = 0;
  private bytes = 0;
  private expiry: NodeJS.Timeout | undefined;

  constructor(config: StreamConfig) {
    this.currentConfig = config;
    this.update(config);
  }

  get config(): StreamConfig {
    return this.currentConfig;
  }

  get patterns(): readonly SubjectTokens[] {
    return this.subjectPatterns;
  }

  update(config: StreamConfig): void {
    this.currentConfig = config;
    this.subjectPatterns = config.subjects.map(splitSubject);
    this.scheduleExpiry();
  }

  captures(subject: SubjectTokens): boolean {
    return this.subjectPatterns.some((pattern) => matchesSubject(pattern, subject));
  }

  get(sequence: number): StoredMessage | undefined {
    return this.messages.get(sequence);
  }

  all(): Iterable<StoredMessage> {
    return this.messages.values();
  }

  /**
   * Stores a message and hands it to the consumers that want it. When the stream is full it throws ApiError under
   * `discard: new` (the publisher hears it) and drops the oldest under `discard: old`.
   */
  append(message: BrokerMessage): PublishAck {
    const messageId = readHeader(message, 'Nats-Msg-Id');
    const known = messageId === undefined ? undefined : this.findDuplicate(messageId);
    if (known !== undefined) return { stream: this.currentConfig.name, seq: known, duplicate: true };

    this.makeRoom(message.payload.length);
    this.lastSequence += 1;
    const sequence = this.lastSequence;
    // Copied: the payload is a view of a network chunk that would be kept alive as a whole.
    const stored: StoredMessage = { ...message, payload: Buffer.from(message.payload), sequence, storedAtMs: Date.now() };
    this.messages.set(sequence, stored);
    this.bytes += stored.payload.length;
    if (messageId !== undefined)
      this.messageIds.set(messageId, { sequence, untilMs: Date.now() + this.currentConfig.duplicate_window / nanosPerMs });
    if (this.expiry === undefined) this.scheduleExpiry();
    for (const consumer of this.consumers.values()) consumer.offer(stored);
    return { stream: this.currentConfig.name, seq: sequence };
  }

  remove(sequence: number): void {
    const message = this.messages.get(sequence);
    if (!message) return;
    this.bytes -= message.payload.length;
    this.messages.delete(sequence);
    for (const consumer of this.consumers.values()) consumer.forget(sequence);
  }

  /** Drops all messages and answers how many there were. */
  purge(): number {
    const count = this.messages.size;
    for (const sequence of [...this.messages.keys()]) this.remove(sequence);
    return count;
  }

  /** Ends the stream: timers stop, those who wait for messages are told. */
  close(): void {
    clearTimeout(this.expiry);
    for (const consumer of this.consumers.values()) consumer.close('409 Stream Deleted');
    this.consumers.clear();
  }

  info(): object {
    const [first] = this.messages.values();
    return {
      config: { ...this.currentConfig, max_consumers: -1, max_msg_size: -1, num_replicas: 1 },
      created: this.createdAt,
      state: {
        messages: this.messages.size,
        bytes: this.bytes,
        first_seq: first?.sequence ?? this.lastSequence + 1,
        first_ts: new Date(first?.storedAtMs ?? 0).toISOString(),
        last_seq: this.lastSequence,
        last_ts: new Date(this.messages.get(this.lastSequence)?.storedAtMs ?? 0).toISOString(),
        consumer_count: this.consumers.size,
      },
    };
  }

  private makeRoom(incomingBytes: number): void {
    const { max_msgs: messagesMax, max_bytes: bytesMax, discard } = this.currentConfig;
    const isOverCount = (): boolean => messagesMax > 0 && this.messages.size >= messagesMax;
    const isOverBytes = (): boolean => bytesMax > 0 && this.bytes + incomingBytes > bytesMax;
    if (discard === 'new') {
      if (isOverCount()) throw apiErrors.tooManyMessages();
      if (isOverBytes()) throw apiErrors.tooManyBytes();
      return;
    }
    while (this.messages.size > 0 && (isOverCount() || isOverBytes())) {
      const [oldest] = this.messages.keys();
      if (oldest !== undefined) this.remove(oldest);
    }
  }

  /** Ids are remembered in the order they came, so the forgotten ones are at the front. */
  private findDuplicate(messageId: string): number | undefined {
    const nowMs = Date.now();
    for (const [id, { untilMs }] of this.messageIds) {
      if (untilMs > nowMs) break;
      this.messageIds.delete(id);
    }
    return this.messageIds.get(messageId)?.sequence;
  }

  /** One timer for the oldest message: the others are younger. */
  private scheduleExpiry(): void {
    clearTimeout(this.expiry);
    this.expiry = undefined;
    const ageMaxMs = this.currentConfig.max_age / nanosPerMs;
    const [oldest] = this.messages.values();
    if (ageMaxMs <= 0 || !oldest) return;
    this.expiry = setTimeout(() => this.expire(ageMaxMs), Math.max(1, oldest.storedAtMs + ageMaxMs - Date.now()));
    this.expiry.unref();
  }

  private expire(ageMaxMs: number): void {
    const bornBeforeMs = Date.now() - ageMaxMs;
    for (const message of [...this.messages.values()]) {
      if (message.storedAtMs > bornBeforeMs) break;
      this.remove(message.sequence);
    }
    this.scheduleExpiry();
  }
}
