import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';

const dayMs = 86_400_000;
const daysMax = 366;
const daysDefault = 30;

const UsageQuery = z.strictObject({ from: z.iso.date().optional(), to: z.iso.date().optional() });

/** Days of UTC, both included, as their midnights. */
export interface UsagePeriod {
  from: Date;
  to: Date;
}

/**
 * Reads `from` and `to` (`2026-11-22`). Without `to` it is today, without `from` the 30 days up to `to`.
 * @throws AppError `invalid_argument` for anything that is no day, `from` behind `to`, or more than 366 days
 */
export function parseUsageQuery(query: unknown, nowUnixMs: number): UsagePeriod {
  const given = parseInput(UsageQuery, query, 'query');
  const toMs = given.to === undefined ? Math.floor(nowUnixMs / dayMs) * dayMs : Date.parse(given.to);
  const fromMs = given.from === undefined ? toMs - (daysDefault - 1) * dayMs : Date.parse(given.from);
  if (fromMs > toMs) throw new AppError('invalid_argument', 'from must not be behind to');
  if ((toMs - fromMs) / dayMs >= daysMax) throw new AppError('invalid_argument', `from and to may be ${daysMax} days apart at most`);
  return { from: new Date(fromMs), to: new Date(toMs) };
}
