import { z } from 'zod';

/** A calendar day of a time zone, and when it is: from its first instant to that of the next day. Unix ms. */
export interface ZonedDay {
  /** `YYYY-MM-DD`. */
  date: string;
  fromUnixMs: number;
  toUnixMs: number;
}

const dayMs = 24 * 3_600_000;
/** Names of zones come from requests. Full: all are forgotten; one is made again in a moment. */
const formatsMax = 100;
const formats = new Map<string, Intl.DateTimeFormat>();

/** An IANA time zone as text of a query. */
export const TimeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'must be a time zone like Europe/Berlin')
  .refine(isTimeZone, 'must be a time zone like Europe/Berlin');

/** The day of a date. Days of 23 or 25 hours are as long as they were; one that a zone left out has no length. */
export function dayOf(date: string, timeZone: string): ZonedDay {
  return { date, fromUnixMs: beginOf(date, timeZone), toUnixMs: beginOf(addDays(date, 1), timeZone) };
}

/** @returns undefined for a date that no calendar has */
export function parseDate(text: string): string | undefined {
  if (!/^(19[7-9]\d|2[01]\d\d)-\d{2}-\d{2}$/.test(text)) return undefined;
  const unixMs = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(unixMs) || utcDate(unixMs) !== text ? undefined : text;
}

/** All days of a month, `YYYY-MM`. */
export function daysOfMonth(month: string, timeZone: string): ZonedDay[] {
  return [...datesFrom(`${month}-01`, (date) => date.startsWith(month))].map((date) => dayOf(date, timeZone));
}

/** The last so many days, today included. */
export function lastDays(count: number, timeZone: string, nowUnixMs: number): ZonedDay[] {
  const today = dateOf(nowUnixMs, timeZone);
  return [...datesFrom(addDays(today, 1 - count), (date) => date <= today)].map((date) => dayOf(date, timeZone));
}

function* datesFrom(first: string, isWanted: (date: string) => boolean): Generator<string> {
  for (let date = first; isWanted(date); date = addDays(date, 1)) yield date;
}

/** First instant of a date. Where clocks skip midnight it is the moment after the jump; where they show it twice, the first. */
function beginOf(date: string, timeZone: string): number {
  const midnightMs = Date.parse(`${date}T00:00:00Z`);
  const candidates = [midnightMs - dayMs, midnightMs + dayMs]
    .map((nearMs) => midnightMs - offsetMs(nearMs, timeZone))
    .sort((one, other) => one - other);
  const begins = candidates.find((unixMs) => dateOf(unixMs, timeZone) === date && dateOf(unixMs - 1, timeZone) < date);
  // A day that was left out begins with the next one.
  return begins ?? candidates.find((unixMs) => dateOf(unixMs, timeZone) >= date) ?? midnightMs;
}

/**
 * The instant at which the clocks of a zone show this.
 * @param localMs what they show, read as if it were UTC; where they show it twice, the first time counts, where they skip it, so long
 * after the jump
 */
export function instantOfLocal(localMs: number, timeZone: string): number {
  const offsets = [localMs - dayMs, localMs + dayMs].map((nearMs) => offsetMs(nearMs, timeZone));
  const candidates = offsets.map((offset) => localMs - offset);
  const shown = candidates.filter((unixMs) => unixMs + offsetMs(unixMs, timeZone) === localMs);
  // Skipped: as the clocks before the jump would have shown it.
  return shown.length > 0 ? Math.min(...shown) : candidates[0]!;
}

/** What local clocks are ahead of UTC. */
function offsetMs(unixMs: number, timeZone: string): number {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(unixMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const localMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return localMs - Math.floor(unixMs / 1_000) * 1_000;
}

function dateOf(unixMs: number, timeZone: string): string {
  return utcDate(unixMs + offsetMs(unixMs, timeZone));
}

function utcDate(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10);
}

function addDays(date: string, days: number): string {
  return utcDate(Date.parse(`${date}T00:00:00Z`) + days * dayMs);
}

function isTimeZone(timeZone: string): boolean {
  try {
    formatOf(timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError || (error as Error).name === 'RangeError') return false;
    throw error;
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { ...numeric, timeZone, hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn' });
  if (formats.size >= formatsMax) formats.clear();
  formats.set(timeZone, format);
  return format;
}
