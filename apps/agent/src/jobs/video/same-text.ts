/** Two readings are the same text when at most this share of the longer one's characters has to change. */
const changedShareMax = 0.25;
/** Below so many characters a changed one is another text: "3" and "5", "EXIT 1" and "EXIT 2". */
const exactBelowCharacters = 7;
/** Longer lines are compared by their beginning. */
const comparedCharactersMax = 200;

/** Whether two readings of a line mean the same text: without regard to case, spaces and punctuation, with a few characters misread. */
export function isSameText(a: string, b: string): boolean {
  return isSameReading(normalise(a), normalise(b));
}

/** As `isSameText`, of what `normalise` made. */
export function isSameReading(one: string, other: string): boolean {
  if (one === other) return true;
  const longer = Math.max(one.length, other.length);
  if (longer < exactBelowCharacters) return false;
  // A counter or a clock: digits are read well, and another number says something else.
  if (digitsOf(one) !== digitsOf(other)) return false;
  const changesMax = Math.floor(changedShareMax * longer);
  return Math.abs(one.length - other.length) <= changesMax && editDistance(one, other) <= changesMax;
}

/** What is compared of a line: without case, spaces and punctuation. */
export function normalise(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .slice(0, comparedCharactersMax);
}

function digitsOf(text: string): string {
  return text.replace(/\P{N}/gu, '');
}

/** Levenshtein: insertions, deletions and replacements that make one of the other. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_unused, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
