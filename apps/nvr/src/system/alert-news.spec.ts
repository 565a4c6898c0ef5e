import { describe, expect, it } from '@jest/globals';
import { newsOf, type LastWord } from './alert-news.js';
import type { AlertType } from './resource-history.js';

const nowMs = Date.UTC(2026, 5, 1, 12);
const since = '2026-06-01T11:58:00.000Z';
const word = (eventState: string, minutesAgo: number): LastWord => ({ eventState, occurredAt: new Date(nowMs - minutesAgo * 60_000) });

function news(now: readonly AlertType[], last: Partial<Record<AlertType, LastWord>>, repeatMinutes = 60): string[] {
  const alerts = now.map((alert_type) => ({ alert_type, since }));
  return newsOf(alerts, { last: new Map(Object.entries(last)), repeatMinutes, nowMs }).map(
    ({ eventState, eventType }) => `${eventType} ${eventState}`,
  );
}

describe('what is written of a host', () => {
  it('is nothing while nothing is the matter, or nothing is new', () => {
    expect(news([], {})).toEqual([]);
    expect(news([], { cpu_high: word('inactive', 1) })).toEqual([]);
    expect(news(['cpu_high'], { cpu_high: word('active', 59) })).toEqual([]);
  });

  it('is what began, also again, and what is over', () => {
    expect(news(['cpu_high', 'disk_low'], { disk_low: word('inactive', 1) })).toEqual(['cpu_high active', 'disk_low active']);
    expect(news(['cpu_high'], { memory_high: word('active', 1) })).toEqual(['cpu_high active', 'memory_high inactive']);
  });

  it('is what goes on for long, once in so many minutes, or never', () => {
    expect(news(['cpu_high'], { cpu_high: word('active', 60) })).toEqual(['cpu_high active']);
    expect(news(['cpu_high'], { cpu_high: word('active', 600) }, 0)).toEqual([]);
  });

  it('says in words what it is and since when', () => {
    const at = { last: new Map([['disk_low', word('active', 1)]]), repeatMinutes: 0, nowMs };
    expect(newsOf([{ alert_type: 'cpu_high', since }], at)).toEqual([
      {
        ...{ eventType: 'cpu_high', eventState: 'active', severity: 'warning', occurredAt: new Date(nowMs) },
        ...{ description: `the CPU is busy, since ${since}`, data: { since } },
      },
      {
        ...{ eventType: 'disk_low', eventState: 'inactive', severity: 'critical', occurredAt: new Date(nowMs) },
        ...{ description: 'the disk of recordings is nearly full: over', data: {} },
      },
    ]);
  });
});
