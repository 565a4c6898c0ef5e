import type { Verdict } from './delivery-schedule.js';

/** A message that this process is to send. */
export interface ClaimedDelivery {
  id: string;
  /** Scheme, host and port of the receiver. */
  origin: string;
  /** Right to write what became of the attempt. */
  lease: string;
  /** Number of this attempt, from 1. */
  attempt: number;
  /** Attempts of the schedule before this one. */
  scheduledBefore: number;
  /** Asked for by somebody, beside the schedule. */
  manual: boolean;
  url: string;
}

export interface ClaimOptions {
  limit: number;
  /** Messages on their way to one origin at a time, of all processes together. */
  perOrigin: number;
  /** Receivers that share `slowLimit` of the limit. */
  slowOrigins: readonly string[];
  slowLimit: number;
  leaseMs: number;
}

/** What one attempt came to. */
export interface AttemptOutcome {
  /** HTTP status; null when there was no answer. */
  status: number | null;
  /** Null when it succeeded. */
  error: string | null;
  /** Beginning of the answer. */
  answer: string | null;
  durationMs: number;
  verdict: Verdict;
}

/** What is sent in an attempt. */
export interface DeliveryContent {
  body: Buffer;
  contentType: string;
}

/** Rows of messages, wherever they stand. All of it fails with AppError `unavailable` while the database is away. */
export interface DeliveryQueue<Claimed extends ClaimedDelivery> {
  /** Leases messages that are due: each goes to one of the processes that ask. */
  claim(options: ClaimOptions): Promise<Claimed[]>;
  /** @returns undefined when what the message tells of is gone, and the message with it */
  contentOf(claimed: Claimed): Promise<DeliveryContent | undefined>;
  /** What the message is signed with; undefined: it is not. @throws AppError `internal` when it cannot be read */
  secretOf(claimed: Claimed): string | undefined;
  /** Writes what became of an attempt. @returns false when the lease ran out and the message is somebody else's, or gone */
  record(claimed: Claimed, outcome: AttemptOutcome): Promise<boolean>;
  /** Gives a message back that was not sent, or of which nobody knows: the next one sends it with the same attempt number. */
  release(claimed: Claimed): Promise<void>;
  /** What log lines tell of a message beside its id, attempt and origin. */
  namesOf?(claimed: Claimed): Record<string, unknown>;
}
