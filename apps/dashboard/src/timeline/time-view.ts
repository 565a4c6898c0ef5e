/** A stretch of time in Unix seconds. */
export interface Range {
  startUnix: number;
  endUnix: number;
}

/** Shortest stretch that the bar shows: frames would not be told apart below it. */
const secondsMin = 60;
const openingSecondsMin = 1_800;
const openingFactor = 1.1;
const openingLeadSeconds = 30;
const tickSteps = [5, 10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600];

/** Where a moment stands in what is shown, 0 to 1; beyond for what is not shown. */
export function shareOf(view: Range, unix: number): number {
  return (unix - view.startUnix) / (view.endUnix - view.startUnix);
}

export function momentAt(view: Range, share: number): number {
  return view.startUnix + share * (view.endUnix - view.startUnix);
}

/** Shows `factor` times as much; what is at `aroundUnix` stays where it is, as far as the bounds let it. */
export function zoom(view: Range, { factor, aroundUnix, bounds }: { factor: number; aroundUnix: number; bounds: Range }): Range {
  const longest = bounds.endUnix - bounds.startUnix;
  const seconds = Math.min(longest, Math.max(secondsMin, (view.endUnix - view.startUnix) * factor));
  const share = Math.min(1, Math.max(0, shareOf(view, aroundUnix)));
  return within({ startUnix: aroundUnix - share * seconds, endUnix: aroundUnix + (1 - share) * seconds }, bounds);
}

/** Moves what is shown by a share of its length. */
export function pan(view: Range, share: number, bounds: Range): Range {
  const seconds = share * (view.endUnix - view.startUnix);
  return within({ startUnix: view.startUnix + seconds, endUnix: view.endUnix + seconds }, bounds);
}

/** The same when the moment is shown already, else moved so that it is. */
export function follow(view: Range, unix: number, bounds: Range): Range {
  const share = shareOf(view, unix);
  if (share >= 0 && share <= 1) return view;
  return pan(view, share - 0.1, bounds);
}

/** Moments for marks of the bar: whole minutes, hours and so on since `bounds` begin, as many as `marksMax`. */
export function ticksOf(view: Range, bounds: Range, marksMax: number): number[] {
  const seconds = view.endUnix - view.startUnix;
  const step = tickSteps.find((candidate) => seconds / candidate <= marksMax) ?? 43_200;
  const first = Math.ceil((view.startUnix - bounds.startUnix) / step);
  const count = Math.floor((view.endUnix - bounds.startUnix) / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, position) => bounds.startUnix + (first + position) * step);
}

/** The recording that a moment lies in, or the next one after it. */
export function recordingFrom(recordings: readonly Range[], unix: number): Range | undefined {
  return recordings.find(({ endUnix }) => endUnix > unix);
}

/**
 * The part of a view from its first to its last recorded moment; undefined when there is none. It ends with a whole minute where it
 * can, so that a recording that grows is another part only once a minute.
 */
export function recordedPart(view: Range, recordings: readonly Range[]): Range | undefined {
  const inside = recordings.filter(({ endUnix, startUnix }) => endUnix > view.startUnix && startUnix < view.endUnix);
  const [first, last] = [inside[0], inside.at(-1)];
  if (!first || !last) return undefined;
  const startUnix = Math.max(view.startUnix, first.startUnix);
  const endUnix = Math.min(view.endUnix, last.endUnix);
  const wholeMinute = Math.floor(endUnix / 60) * 60;
  return { startUnix, endUnix: wholeMinute > startUnix ? wholeMinute : endUnix };
}

/** What of a day is shown first: what is recorded, with a little around it, and no less than half an hour. */
export function viewOf(recordings: readonly Range[], bounds: Range): Range {
  const recorded = recordedPart(bounds, recordings);
  if (!recorded) return bounds;
  const seconds = Math.max(openingSecondsMin, (recorded.endUnix - recorded.startUnix) * openingFactor);
  const middle = (recorded.startUnix + recorded.endUnix) / 2;
  return within({ startUnix: middle - seconds / 2, endUnix: middle + seconds / 2 }, bounds);
}

/** What of a day is played first: of today what was recorded last, else how the day begins. */
export function openingMoment(recordings: readonly Range[], { isToday }: { isToday: boolean }): number | undefined {
  const last = recordings.at(-1);
  if (!isToday || !last) return recordings[0]?.startUnix;
  return Math.max(last.startUnix, last.endUnix - openingLeadSeconds);
}

function within({ endUnix, startUnix }: Range, bounds: Range): Range {
  const seconds = Math.min(endUnix - startUnix, bounds.endUnix - bounds.startUnix);
  const start = Math.min(Math.max(startUnix, bounds.startUnix), bounds.endUnix - seconds);
  return { startUnix: start, endUnix: start + seconds };
}
