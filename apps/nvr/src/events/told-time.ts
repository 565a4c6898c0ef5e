import type { EventKey } from './write-reports.js';

/** A caller's clock that goes wrong must not put its events years away: the list begins with the newest. */
const clockOffMsMax = 24 * 3_600_000;
/** Then each process that hears of an event takes its own clock, and who tells of it again is heard at another time. */
const repeatedWithinMs = 3_600_000;

type ToldStart = Pick<EventKey, 'startedAt' | 'startGuessedWithinMs'>;

/** When an event began, as its caller says; by our own clock where that is no time, or a day and more away. */
export function toldStart(unixMs: number, nowMs: number): ToldStart {
  if (isNear(unixMs, nowMs)) return { startedAt: new Date(Math.round(unixMs)) };
  return { startedAt: new Date(nowMs), startGuessedWithinMs: repeatedWithinMs };
}

/** When an event that began so ended, by the same rule; never before its start. An end beside a start of our clock is of it too. */
export function toldEnd(unixMs: number, { startedAt, startGuessedWithinMs }: ToldStart, nowMs: number): Date {
  const isTold = startGuessedWithinMs === undefined && isNear(unixMs, nowMs);
  return new Date(Math.max(isTold ? Math.round(unixMs) : nowMs, startedAt.getTime()));
}

const isNear = (unixMs: number, nowMs: number) => Math.abs(unixMs - nowMs) <= clockOffMsMax;
