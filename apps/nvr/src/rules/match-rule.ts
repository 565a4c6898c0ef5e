import type { EventView } from '@nightjar/contracts';
import { isInRuleSchedule, type RuleSchedule } from './rule-schedule.js';

/** Which events a rule is about. Cameras and rights are asked in the statement that reads the rules. */
export interface RuleConditions {
  /** Empty: all, also events without one. */
  labels: readonly string[];
  /** Empty: all. */
  eventTypes: readonly string[];
  /** Null: events without a score too. */
  minScore: number | null;
  /** Null: always. */
  schedule: RuleSchedule | null;
}

/** Whether an event is one that a rule tells of, as it is now; its start decides about the schedule. */
export function matchesRule(
  { eventTypes, labels, minScore, schedule }: RuleConditions,
  event: Pick<EventView, 'event_type' | 'label' | 'score' | 'started_at'>,
): boolean {
  if (labels.length > 0 && (event.label === null || !labels.includes(event.label))) return false;
  if (eventTypes.length > 0 && !eventTypes.includes(event.event_type)) return false;
  if (minScore !== null && (event.score === null || event.score < minScore)) return false;
  return schedule === null || isInRuleSchedule(schedule, Date.parse(event.started_at));
}
