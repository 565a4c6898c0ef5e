import type { SeenOn } from './alert-events.js';
import {
  timeOffset,
  type AlertChange,
  type Analytic,
  type AnalyticContext,
  type AnalyticMessage,
  type AnalyticParameters,
} from './analytic.js';
import { ImageRetainPolicy } from './callback-parameters.js';
import type { FrameMoment } from './frame-result.js';

/** Ids and starts of alerts that are open, by key. Bounded by what the analytic keeps open. */
export type OpenAlertIds = Map<string, { id: string; startedAtUnixMs: number }>;

interface AlertMessagesOptions {
  analytic: Pick<Analytic, 'name'>;
  parameters: AnalyticParameters;
  openAlerts: OpenAlertIds;
  moment: FrameMoment;
  seenOn: SeenOn | undefined;
  context: AnalyticContext;
}

/** What callbacks and listeners hear of alerts: a message as each begins, and one as it ends, under one `track_id`. */
export function alertMessages(alerts: readonly AlertChange[], options: AlertMessagesOptions): AnalyticMessage[] {
  return alerts.flatMap((change) => (change.kind === 'updated' ? [] : [messageOf(change, options)]));
}

function messageOf(change: Exclude<AlertChange, { kind: 'updated' }>, options: AlertMessagesOptions): AnalyticMessage {
  const { analytic, context, moment, openAlerts, parameters, seenOn } = options;
  const alert =
    change.kind === 'closed'
      ? (openAlerts.get(change.key) ?? { id: context.newId(), startedAtUnixMs: change.endedAtUnixMs })
      : { id: context.newId(), startedAtUnixMs: change.startedAtUnixMs };
  if (change.kind === 'opened') openAlerts.set(change.key, alert);
  if (change.kind === 'closed') openAlerts.delete(change.key);
  const hasOverview = seenOn !== undefined && parameters.targets.includes('overview');
  return {
    eventType: analytic.name,
    createdAtUnixMs: alert.startedAtUnixMs,
    endedAtUnixMs: change.kind === 'closed' ? change.endedAtUnixMs : moment.unixMs,
    count: typeof change.details.count === 'number' ? change.details.count : undefined,
    event: {
      track_id: alert.id,
      status: change.kind,
      ...change.details,
      ...(hasOverview && { overview: { time_offset: timeOffset(seenOn.result, context) } }),
    },
    image: hasOverview ? ImageRetainPolicy.parse({}) : undefined,
  };
}
