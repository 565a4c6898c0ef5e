import { isDeepStrictEqual } from 'node:util';

/** What of an event may change after it was opened. */
export interface EventState {
  label: string | null;
  score: number | null;
  endedAt: Date | null;
  evidenceFile: string | null;
  payload: unknown;
}

/**
 * Folds a report into what is known of the event. Reports may come twice and in any order: an end stays, the score is the
 * best one, the picture is that of the best score, the rest is that of the report that came last, unless it is from before
 * the end.
 * @returns undefined when the report tells nothing new
 */
export function mergeEvent(known: EventState | undefined, report: EventState): EventState | undefined {
  if (!known) return report;
  const isLate = known.endedAt !== null && report.endedAt === null;
  const isBetter = (report.score ?? 0) > (known.score ?? 0);
  const merged: EventState = {
    label: isLate ? known.label : report.label,
    score: isBetter ? report.score : known.score,
    endedAt: report.endedAt ?? known.endedAt,
    evidenceFile: (isBetter ? report.evidenceFile : known.evidenceFile) ?? known.evidenceFile ?? report.evidenceFile,
    payload: isLate ? known.payload : report.payload,
  };
  return isDeepStrictEqual(merged, known) ? undefined : merged;
}
