const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** Waits before the attempts, each from the end of the former one; 75.6 hours in all. */
export const standardWaitsMs: readonly number[] = [
  0,
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];
/** Waits are stretched or shortened by up to a tenth: receivers that were away are not called by all messages at once. */
const jitter = 0.1;
const retryAfterMaxMs = 24 * hourMs;

/** What a receiver answered. */
export interface ReceiverAnswer {
  readonly status: number;
  /** The header, as it came. */
  readonly retryAfter: string | undefined;
}

/** What becomes of a message after an attempt. */
export type Verdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'retry'; readonly waitMs: number };

interface ScheduleState {
  /** Attempts of the schedule that were made, with this one. */
  readonly attemptsMade: number;
  readonly waitsMs: readonly number[];
  readonly nowUnixMs: number;
  /** Evenly from [0, 1). */
  readonly random: () => number;
}

/**
 * Decides after an attempt. 2xx is success and nothing else is: a redirect is not followed, and a receiver that answers 404 today
 * may be deployed tomorrow. 410 says that nobody wants the message any more.
 * @param answer undefined when there was none
 */
export function verdictAfter(answer: ReceiverAnswer | undefined, { attemptsMade, waitsMs, nowUnixMs, random }: ScheduleState): Verdict {
  if (answer && answer.status >= 200 && answer.status < 300) return { kind: 'delivered' };
  if (answer?.status === 410) return { kind: 'cancelled' };
  const planned = waitsMs[attemptsMade];
  if (planned === undefined) return { kind: 'exhausted' };
  const waitMs = planned * (1 - jitter + 2 * jitter * random());
  return { kind: 'retry', waitMs: Math.round(Math.max(waitMs, retryAfterMs(answer?.retryAfter, nowUnixMs) ?? 0)) };
}

/**
 * Reads `Retry-After`: seconds, or a date.
 * @returns undefined when it is absent or says nothing; a day at most, and nothing negative
 */
export function retryAfterMs(header: string | undefined, nowUnixMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const waitMs = /^\d{1,10}$/.test(text) ? Number(text) * secondMs : dateInHttp.test(text) ? Date.parse(text) - nowUnixMs : Number.NaN;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), retryAfterMaxMs);
}

/** The one form of dates that RFC 9110 lets senders make. */
const dateInHttp = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
