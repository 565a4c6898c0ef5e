import { bodyText, jsonMessage, plainMessage, statusMessage, type BrokerMessage } from '../broker-message.js';
import { patternsOverlap, splitSubject } from '../subject.js';
import { ApiError, apiErrors } from './api-error.js';
import type { JetStreamHost } from './jetstream-host.js';
import { MemoryStream } from './memory-stream.js';
import { PullConsumer, type Acknowledgement, type PullRequest } from './pull-consumer.js';
import { nanosPerMs, parseConsumerConfig, parseStreamConfig } from './stream-config.js';

const streamsMax = 256;
const apiPrefix = '$JS.API.';
const ackPrefix = '$JS.ACK.';

interface ApiRequest {
  /** The tokens after the operation: stream, consumer. */
  readonly names: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
  readonly replyTo: string;
}

/**
 * What the operation answers, or undefined when its answer comes by itself (a pull).
 * @throws ApiError
 */
type ApiHandler = (request: ApiRequest) => object | undefined;

/** The part of JetStream that an in-memory work queue needs: streams, pull consumers, acknowledgements. */
export class JetStream {
  private readonly streams = new Map<string, MemoryStream>();

  /** One line per operation; any other is refused as unsupported. */
  private readonly handlers: Readonly<Record<string, { readonly type: string; readonly run: ApiHandler }>> = {
    INFO: { type: 'account_info_response', run: () => this.accountInfo() },
    'STREAM.CREATE': { type: 'stream_create_response', run: (request) => this.createStream(request) },
    'STREAM.UPDATE': { type: 'stream_update_response', run: (request) => this.updateStream(request) },
    'STREAM.INFO': { type: 'stream_info_response', run: (request) => this.stream(request.names[0]).info() },
    'STREAM.NAMES': { type: 'stream_names_response', run: (request) => this.streamNames(request) },
    'STREAM.LIST': {
      type: 'stream_list_response',
      run: () =>
        page(
          'streams',
          [...this.streams.values()].map((stream) => stream.info()),
        ),
    },
    'STREAM.PURGE': {
      type: 'stream_purge_response',
      run: (request) => ({ success: true, purged: this.stream(request.names[0]).purge() }),
    },
    'STREAM.DELETE': { type: 'stream_delete_response', run: (request) => this.deleteStream(request) },
    'CONSUMER.CREATE': { type: 'consumer_create_response', run: (request) => this.createConsumer(request) },
    'CONSUMER.DURABLE.CREATE': { type: 'consumer_create_response', run: (request) => this.createConsumer(request) },
    'CONSUMER.INFO': { type: 'consumer_info_response', run: (request) => this.consumer(request).info() },
    'CONSUMER.NAMES': {
      type: 'consumer_names_response',
      run: (request) => page('consumers', [...this.stream(request.names[0]).consumers.keys()]),
    },
    'CONSUMER.LIST': {
      type: 'consumer_list_response',
      run: (request) =>
        page(
          'consumers',
          [...this.stream(request.names[0]).consumers.values()].map((consumer) => consumer.info()),
        ),
    },
    'CONSUMER.DELETE': { type: 'consumer_delete_response', run: (request) => this.deleteConsumer(request) },
    'CONSUMER.MSG.NEXT': { type: '', run: (request) => this.pull(request) },
  };

  constructor(private readonly host: JetStreamHost) {}

  /** Takes API calls, acknowledgements and messages that a stream captures; false leaves the message to ordinary routing. */
  intercept(message: BrokerMessage): boolean {
    if (message.subject.startsWith(ackPrefix)) this.acknowledge(message);
    else if (message.subject.startsWith(apiPrefix)) this.call(message);
    else return this.capture(message);
    return true;
  }

  clear(): void {
    for (const stream of this.streams.values()) stream.close();
    this.streams.clear();
  }

  private capture(message: BrokerMessage): boolean {
    const subject = splitSubject(message.subject);
    const stream = [...this.streams.values()].find((candidate) => candidate.captures(subject));
    if (!stream) return false;
    let answer: object;
    try {
      answer = stream.append(message);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      answer = { ...error.toJSON(), stream: stream.config.name, seq: 0 };
    }
    if (message.replyTo !== '') this.host.publish(jsonMessage(message.replyTo, answer));
    this.host.publish(message); // plain subscribers hear it too
    return true;
  }

  /** `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>...`; a reply subject asks for confirmation. */
  private acknowledge(message: BrokerMessage): void {
    const [, , stream = '', consumer = '', , sequence = ''] = splitSubject(message.subject);
    this.streams
      .get(stream)
      ?.consumers.get(consumer)
      ?.acknowledge(Number(sequence), parseAcknowledgement(bodyText(message)));
    if (message.replyTo !== '') this.host.publish(plainMessage(message.replyTo));
  }

  private call(message: BrokerMessage): void {
    const path = message.subject.slice(apiPrefix.length);
    const operation = Object.keys(this.handlers)
      .filter((known) => path === known || path.startsWith(`${known}.`))
      .sort((left, right) => right.length - left.length)[0];
    const handler = operation === undefined ? undefined : this.handlers[operation];
    let answer: object | undefined;
    try {
      if (operation === undefined || !handler) throw apiErrors.unsupported(path);
      const names = path === operation ? [] : splitSubject(path.slice(operation.length + 1));
      const result = handler.run({ names, fields: parseFields(bodyText(message)), replyTo: message.replyTo });
      answer = result && { type: `io.nats.jetstream.api.v1.${handler.type}`, ...result };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      answer = { type: `io.nats.jetstream.api.v1.${handler?.type || 'error'}`, ...error.toJSON() };
    }
    if (answer && message.replyTo !== '') this.host.publish(jsonMessage(message.replyTo, answer));
  }

  private accountInfo(): object {
    const limits = { max_memory: -1, max_storage: -1, max_streams: streamsMax, max_consumers: -1 };
    const consumers = [...this.streams.values()].reduce((sum, stream) => sum + stream.consumers.size, 0);
    return { memory: 0, storage: 0, streams: this.streams.size, consumers, limits, api: { total: 0, errors: 0 } };
  }

  private createStream({ names: [name = ''], fields }: ApiRequest): object {
    const config = parseStreamConfig(name, fields);
    const known = this.streams.get(name);
    if (known) {
      if (JSON.stringify(known.config) !== JSON.stringify(config)) throw apiErrors.streamNameInUse();
      return { ...known.info(), did_create: false };
    }
    this.assertFreeSubjects(name, config.subjects);
    if (this.streams.size >= streamsMax) throw apiErrors.badRequest('maximum number of streams reached');
    const stream = new MemoryStream(config);
    this.streams.set(name, stream);
    return { ...stream.info(), did_create: true };
  }

  private updateStream({ names: [name = ''], fields }: ApiRequest): object {
    const stream = this.stream(name);
    const config = parseStreamConfig(name, fields);
    if (config.retention !== stream.config.retention)
      throw apiErrors.badRequest('stream configuration update cannot change retention policy');
    this.assertFreeSubjects(name, config.subjects);
    stream.update(config);
    return stream.info();
  }

  private streamNames({ fields }: ApiRequest): object {
    const subject = typeof fields.subject === 'string' ? splitSubject(fields.subject) : undefined;
    const wanted = [...this.streams.values()].filter(
      (stream) => !subject || stream.patterns.some((pattern) => patternsOverlap(pattern, subject)),
    );
    return page(
      'streams',
      wanted.map((stream) => stream.config.name),
    );
  }

  private deleteStream({ names: [name = ''] }: ApiRequest): object {
    this.stream(name).close();
    this.streams.delete(name);
    return { success: true };
  }

  private createConsumer({ names: [streamName, nameInSubject], fields }: ApiRequest): object {
    const stream = this.stream(streamName);
    const given = isFields(fields.config) ? fields.config : {};
    const name = [given.name, given.durable_name, nameInSubject].find((candidate) => typeof candidate === 'string' && candidate !== '');
    if (typeof name !== 'string') throw apiErrors.unsupported('consumers without a name');
    const config = parseConsumerConfig(name, given);
    const known = stream.consumers.get(name);
    if (known) {
      known.update(config);
      return known.info();
    }
    const filters = config.filter_subjects.map(splitSubject);
    const isShared = [...stream.consumers.values()].some((consumer) => consumer.overlaps(filters));
    if (stream.config.retention === 'workqueue' && isShared)
      throw filters.length === 0 ? apiErrors.consumerNotAlone() : apiErrors.filterNotUnique();
    const consumer = new PullConsumer(stream, config, this.host);
    stream.consumers.set(name, consumer);
    return consumer.info();
  }

  private deleteConsumer(request: ApiRequest): object {
    const consumer = this.consumer(request);
    consumer.close('409 Consumer Deleted');
    this.stream(request.names[0]).consumers.delete(consumer.name);
    return { success: true };
  }

  /** A pull is answered with messages and status lines on its inbox, an unknown consumer with a status line too. */
  private pull({ names: [streamName = '', consumerName = ''], fields, replyTo }: ApiRequest): undefined {
    if (replyTo === '') return;
    const consumer = this.streams.get(streamName)?.consumers.get(consumerName);
    if (consumer) consumer.pull(replyTo, parsePull(fields));
    else this.host.publish(statusMessage(replyTo, '503'));
  }

  private assertFreeSubjects(name: string, subjects: readonly string[]): void {
    const patterns = subjects.map(splitSubject);
    for (const [other, stream] of this.streams) {
      const overlaps = stream.patterns.some((taken) => patterns.some((pattern) => patternsOverlap(taken, pattern)));
      if (other !== name && overlaps) throw apiErrors.subjectsOverlap();
    }
  }

  private stream(name: string | undefined): MemoryStream {
    const stream = name === undefined ? undefined : this.streams.get(name);
    if (!stream) throw apiErrors.streamNotFound();
    return stream;
  }

  private consumer({ names: [streamName, consumerName = ''] }: ApiRequest): PullConsumer {
    const consumer = this.stream(streamName).consumers.get(consumerName);
    if (!consumer) throw apiErrors.consumerNotFound();
    return consumer;
  }
}

function page(field: string, items: readonly unknown[]): object {
  return { total: items.length, offset: 0, limit: Math.max(items.length, 256), [field]: items };
}

/** `+ACK`, `+TERM` and an empty body end a message; `+WPI` asks for more time; `-NAK {"delay": ns}` gives it back. */
function parseAcknowledgement(body: string): Acknowledgement {
  if (body.startsWith('+WPI')) return { kind: 'working' };
  if (!body.startsWith('-NAK')) return { kind: 'done' };
  const delay = /"delay":\s*(\d+)/.exec(body)?.[1];
  return { kind: 'refused', delayMs: Number(delay ?? 0) / nanosPerMs };
}

/** A bare number is a batch size, the oldest form of the request. */
function parsePull(fields: Readonly<Record<string, unknown>>): PullRequest {
  const { batch, expires, no_wait: noWait, idle_heartbeat: idleHeartbeat } = fields;
  return {
    ...(typeof batch === 'number' ? { batch } : {}),
    ...(typeof expires === 'number' ? { expires } : {}),
    ...(typeof idleHeartbeat === 'number' ? { idle_heartbeat: idleHeartbeat } : {}),
    no_wait: noWait === true,
  };
}

function parseFields(body: string): Readonly<Record<string, unknown>> {
  if (body === '') return {};
  try {
    const value: unknown = JSON.parse(body);
    if (isFields(value)) return value;
    if (typeof value === 'number') return { batch: value };
  } catch {
    // falls through: the same answer as for JSON that is no object
  }
  throw apiErrors.badRequest('the body is no JSON object');
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
