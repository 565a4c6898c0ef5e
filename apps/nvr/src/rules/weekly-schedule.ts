/** Times of the week in which a rule tells of events. Days are 0 (Sunday) … 6; times are `HH:MM` of the time zone. */
export interface WeeklySchedule {
  /** IANA name: `Europe/Berlin`. */
  timezone: string;
  /** `to` not after `from`: until the next day at that time. `24:00` ends a day. */
  times: readonly { days: readonly number[]; from: string; to: string }[];
}

const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Whether a moment lies in the schedule, by the clocks of its time zone: with summer time, as people there read them. */
export function isInSchedule({ timezone, times }: WeeklySchedule, at: Date): boolean {
  const { day, minute } = localTime(timezone, at);
  const dayBefore = (day + 6) % 7;
  return times.some(({ days, from, to }) => {
    const [start, end] = [minutesOf(from), minutesOf(to)];
    if (end > start) return days.includes(day) && minute >= start && minute < end;
    return (days.includes(day) && minute >= start) || (days.includes(dayBefore) && minute < end);
  });
}

/** Whether a text names a time zone that this process knows. */
export function isTimezone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

function localTime(timezone: string, at: Date): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return { day: dayNames.indexOf(parts.get('weekday') ?? ''), minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}
