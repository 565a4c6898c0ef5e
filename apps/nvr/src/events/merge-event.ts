import { isDeepStrictEqual } from 'node:util';

/** What of an event may change after it was opened. */
export interface EventState {
  label: string | null;
  score: number | null;
  endedAt: Date | null;
  evidenceFile: string | null;
  /** In capitals and without spaces. */
  plateText: string | null;
  payload: unknown;
}

/**
 * Folds a report into what is known of the event. Reports may come twice and in any order: an end stays, the score is the
 * best one, the picture is that of the best `picture_rank` where both tell one in their payloads, else of the best score, the rest is that of the report that came last, unless it is from before
 * the end.
 * @returns undefined when the report tells nothing new
 */
export function mergeEvent(known: EventState | undefined, report: EventState): EventState | undefined {
  if (!known) return report;
  const isLate = known.endedAt !== null && report.endedAt === null;
  const isSurer = (report.score ?? 0) > (known.score ?? 0);
  const [rank, knownRank] = [pictureRank(report.payload), pictureRank(known.payload)];
  const isBetter = rank !== undefined && knownRank !== undefined ? rank > knownRank : isSurer;
  const merged: EventState = {
    label: isLate ? known.label : report.label,
    score: isSurer ? report.score : known.score,
    endedAt: report.endedAt ?? known.endedAt,
    evidenceFile: (isBetter ? report.evidenceFile : known.evidenceFile) ?? known.evidenceFile ?? report.evidenceFile,
    plateText: (isLate ? known.plateText : report.plateText) ?? known.plateText ?? report.plateText,
    payload: isLate ? known.payload : report.payload,
  };
  return isDeepStrictEqual(merged, known) ? undefined : merged;
}

/** How well the picture shows its object, as our agents judge it: one that is larger is worth more than one that is a little surer. */
function pictureRank(payload: unknown): number | undefined {
  const { picture_rank: rank } = (payload ?? {}) as { picture_rank?: unknown };
  return typeof rank === 'number' ? rank : undefined;
}
