import { apiErrors } from './api-error.js';

/** Durations in the JetStream API are nanoseconds. */
export const nanosPerMs = 1e6;

/** Configuration of a stream, names and units as on the wire. -1 means "no bound". */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: 'limits' | 'workqueue';
  readonly storage: 'memory';
  readonly discard: 'old' | 'new';
  readonly max_msgs: number;
  readonly max_bytes: number;
  /** Nanoseconds; 0 keeps messages for ever. */
  readonly max_age: number;
  /** Nanoseconds within which a repeated Nats-Msg-Id is the same message. */
  readonly duplicate_window: number;
}

/** Configuration of a pull consumer, names and units as on the wire. */
export interface ConsumerConfig {
  readonly name: string;
  readonly durable_name?: string;
  readonly filter_subjects: readonly string[];
  readonly ack_policy: 'explicit' | 'none';
  readonly deliver_policy: 'all' | 'new';
  /** Nanoseconds. */
  readonly ack_wait: number;
  readonly max_deliver: number;
  readonly max_ack_pending: number;
  readonly max_waiting: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a stream's configuration; what this broker does not do is refused, never silently ignored.
 * @throws ApiError
 */
export function parseStreamConfig(name: string, fields: Fields): StreamConfig {
  if (name === '' || /[\s.*>/\\]/.test(name)) throw apiErrors.badRequest('stream name');
  return {
    name,
    subjects: readNames(fields, 'subjects') ?? [name],
    retention: readChoice(fields, 'retention', ['limits', 'workqueue']),
    storage: readChoice(fields, 'storage', ['memory']),
    discard: readChoice(fields, 'discard', ['old', 'new']),
    max_msgs: readNumber(fields, 'max_msgs', -1),
    max_bytes: readNumber(fields, 'max_bytes', -1),
    max_age: readNumber(fields, 'max_age', 0),
    duplicate_window: readNumber(fields, 'duplicate_window', 120_000 * nanosPerMs),
  };
}

/**
 * Reads a consumer's configuration.
 * @throws ApiError
 */
export function parseConsumerConfig(name: string, fields: Fields): ConsumerConfig {
  if (typeof fields.deliver_subject === 'string' && fields.deliver_subject !== '') throw apiErrors.unsupported('push consumers');
  const single = typeof fields.filter_subject === 'string' && fields.filter_subject !== '' ? [fields.filter_subject] : undefined;
  return {
    name,
    ...(typeof fields.durable_name === 'string' ? { durable_name: fields.durable_name } : {}),
    filter_subjects: readNames(fields, 'filter_subjects') ?? single ?? [],
    ack_policy: readChoice(fields, 'ack_policy', ['explicit', 'none']),
    deliver_policy: readChoice(fields, 'deliver_policy', ['all', 'new']),
    ack_wait: readNumber(fields, 'ack_wait', 0) || 30_000 * nanosPerMs,
    max_deliver: readNumber(fields, 'max_deliver', 0) || -1,
    max_ack_pending: readNumber(fields, 'max_ack_pending', 0) || 1_000,
    max_waiting: readNumber(fields, 'max_waiting', 0) || 512,
  };
}

/** The first choice is the default. */
function readChoice<const Choice extends string>(fields: Fields, field: string, choices: readonly [Choice, ...Choice[]]): Choice {
  const given = fields[field] ?? choices[0];
  const choice = choices.find((known) => known === given);
  if (choice === undefined) throw apiErrors.unsupported(`${field} "${String(given)}"`);
  return choice;
}

function readNumber(fields: Fields, field: string, fallback: number): number {
  const given = fields[field] ?? fallback;
  if (typeof given !== 'number' || !Number.isFinite(given)) throw apiErrors.badRequest(field);
  return given;
}

function readNames(fields: Fields, field: string): string[] | undefined {
  const given = fields[field];
  if (!Array.isArray(given) || given.length === 0) return undefined;
  if (!given.every((name): name is string => typeof name === 'string')) throw apiErrors.badRequest(field);
  return given;
}
