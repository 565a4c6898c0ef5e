import { AppError } from '@nightjar/runtime';

/** As callers read it in `details.quota` and in the headers of rate limits. */
export type QuotaName = 'jobs-open' | 'jobs-per-day' | 'upload-bytes-per-day';

/** `limit` 0: unbounded. */
export interface QuotaState {
  limit: number;
  used: number;
}

const dayMs = 86_400_000;
/** Jobs end at any moment. */
const openJobsRetryMs = 5_000;

/** Ms until the quotas of a day begin anew: midnight of UTC. */
export function untilNextDayMs(nowUnixMs: number): number {
  return dayMs - (nowUnixMs % dayMs);
}

/** What a submit is told that a quota has no room for. */
export function refusalOf(quota: QuotaName, state: QuotaState, context: { nowUnixMs: number; wantedBytes?: number | undefined }): AppError {
  const { nowUnixMs, wantedBytes = 0 } = context;
  const details = { quota, ...state };
  if (quota === 'jobs-open')
    return new AppError('rate_limited', `${state.limit} jobs are open already: wait for one to end, or cancel one`, {
      retryAfterMs: openJobsRetryMs,
      details,
    });
  if (quota === 'upload-bytes-per-day' && wantedBytes > state.limit)
    return new AppError('payload_too_large', `a day has room for ${state.limit} bytes of uploads`, { details });
  const text =
    quota === 'jobs-per-day'
      ? `${state.limit} jobs were submitted today`
      : `today has no room for more than ${state.limit} bytes of uploads`;
  return new AppError('rate_limited', `${text}: the next day begins at midnight UTC`, { retryAfterMs: untilNextDayMs(nowUnixMs), details });
}
