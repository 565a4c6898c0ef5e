import type { AlertType, ResourceAlert } from './resource-history.js';

/** What was written last about one kind of alert of one host. */
export interface LastWord {
  eventState: string;
  occurredAt: Date;
}

/** Something to be written down. */
interface AlertNews {
  eventType: AlertType;
  eventState: 'active' | 'inactive';
  severity: 'warning' | 'critical';
  description: string;
  data: { since?: string };
  occurredAt: Date;
}

const minuteMs = 60_000;

const severities: Readonly<Record<AlertType, AlertNews['severity']>> = {
  cpu_high: 'warning',
  memory_high: 'warning',
  disk_low: 'critical',
  disk_stat_error: 'critical',
};
const texts: Readonly<Record<AlertType, string>> = {
  cpu_high: 'the CPU is busy',
  memory_high: 'memory is short',
  disk_low: 'the disk of recordings is nearly full',
  disk_stat_error: 'the disk of recordings does not answer',
};
export const alertTypes = Object.keys(severities) as AlertType[];

/**
 * What has to be written so that the rows of a host say what is so now: that something began, that it goes on, that it is over. Nothing
 * of what the newest rows say already.
 * @param known.last by kind
 * @param known.repeatMinutes what goes on is written again after so long; 0: it is not
 */
export function newsOf(
  alerts: readonly ResourceAlert[],
  known: { last: ReadonlyMap<string, LastWord>; repeatMinutes: number; nowMs: number },
): AlertNews[] {
  const { last, nowMs, repeatMinutes } = known;
  return alertTypes.flatMap((eventType): AlertNews[] => {
    const alert = alerts.find(({ alert_type }) => alert_type === eventType);
    const word = last.get(eventType);
    const wasActive = word?.eventState === 'active';
    const isDue = wasActive && repeatMinutes > 0 && nowMs - word.occurredAt.getTime() >= repeatMinutes * minuteMs;
    const same = { eventType, severity: severities[eventType], occurredAt: new Date(nowMs) };
    if (alert && (!wasActive || isDue))
      return [{ ...same, eventState: 'active', description: `${texts[eventType]}, since ${alert.since}`, data: { since: alert.since } }];
    return !alert && wasActive ? [{ ...same, eventState: 'inactive', description: `${texts[eventType]}: over`, data: {} }] : [];
  });
}
