// Two things side by side: A B A B …, a ratio for each pair, the median of the ratios. Neighbours move a wall clock two or three
// times over, and both sides of a pair by about as much.
import os from 'node:os';

/** A pair in which the baseline was this far from its own median says more about the machine than about us. */
const steadyWithin = 0.15;

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * @param options.pairs how many to measure, after one that is thrown away
 * @param options.baseline,options.subject measure one window each
 * @param options.steady a number of the baseline that ought to be the same in every pair
 * @returns the pairs that were kept, how many were not, and the load average around them
 */
export async function measurePairs({ pairs, baseline, subject, steady }) {
  await baseline();
  await subject();
  const loads = [];
  const all = [];
  for (let pair = 0; pair < pairs; pair++) {
    loads.push(os.loadavg()[0]);
    // In turn, so that neither always comes after the other.
    if (pair % 2 === 0) {
      const a = await baseline();
      all.push({ baseline: a, subject: await subject() });
    } else {
      const b = await subject();
      all.push({ baseline: await baseline(), subject: b });
    }
  }
  const usual = median(all.map((pair) => steady(pair.baseline)));
  const kept = all.filter((pair) => Math.abs(steady(pair.baseline) / usual - 1) <= steadyWithin);
  return { kept, measured: all.length, load: [Math.min(...loads), Math.max(...loads)] };
}

/** Median and spread of one number of each pair. */
export function spreadOf({ kept }, read) {
  const values = kept.map(({ baseline, subject }) => read(baseline, subject));
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

export const show = ({ median: middle, low, high }, digits = 2) =>
  `${middle.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;

/** What stands below every bar: how much the numbers are worth. */
export function describeRun({ kept, measured, load }) {
  const discarded = measured - kept.length;
  const verdict = discarded * 2 > measured ? '; MORE THAN HALF DISCARDED: measure again on a quieter machine' : '';
  return `${measured} pairs, ${discarded} discarded, load average ${load.map((value) => value.toFixed(1)).join(' to ')}${verdict}`;
}
