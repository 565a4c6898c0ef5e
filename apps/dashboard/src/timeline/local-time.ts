import type { Range } from './time-view.js';

const two = (value: number) => String(value).padStart(2, '0');
const dayForm = /^(\d{4})-(\d{2})-(\d{2})$/;

/** The time zone that the person at the screen lives in. */
export const localTimeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `YYYY-MM-DD` of a moment, by the clock of this browser. */
export function dayOf(unix: number): string {
  const date = new Date(unix * 1_000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** From midnight to midnight: 23 or 25 hours where clocks change. */
export function rangeOfDay(day: string): Range {
  return { startUnix: midnight(day, 0), endUnix: midnight(day, 1) };
}

/** The day so many days later. */
export function addDays(day: string, days: number): string {
  return dayOf(midnight(day, days));
}

/** Whether a text is a day that exists. */
export function isDay(text: string): boolean {
  return dayForm.test(text) && dayOf(midnight(text, 0)) === text;
}

/** `YYYY-MM` so many months later. */
export function addMonths(month: string, months: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return dayOf(new Date(year, number - 1 + months, 1).getTime() / 1_000).slice(0, 7);
}

/** The weeks of a month, Monday first; undefined where a week has days of another month. */
export function weeksOf(month: string): (string | undefined)[][] {
  const first = `${month}-01`;
  const offset = (new Date(midnight(first, 0) * 1_000).getDay() + 6) % 7;
  const cells = Array.from({ length: 42 }, (_, cell) => addDays(first, cell - offset)).map((day) =>
    day.startsWith(month) ? day : undefined,
  );
  return Array.from({ length: 6 }, (_, week) => cells.slice(week * 7, week * 7 + 7)).filter((week) => week.some(Boolean));
}

/** What an input of the type `datetime-local` shows. */
export function inputTextOf(unix: number): string {
  const date = new Date(unix * 1_000);
  return `${dayOf(unix)}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The moment in such an input; undefined while there is none. */
export function momentOfInput(text: string): number | undefined {
  const unixMs = new Date(text).getTime();
  return Number.isNaN(unixMs) ? undefined : unixMs / 1_000;
}

function midnight(day: string, daysLater: number): number {
  const [, year = '0', month = '1', date = '1'] = dayForm.exec(day) ?? [];
  return new Date(Number(year), Number(month) - 1, Number(date) + daysLater).getTime() / 1_000;
}
