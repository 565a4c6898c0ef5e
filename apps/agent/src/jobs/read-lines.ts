import type { TextOnFrame } from '@nightjar/contracts';

/** Lines less sure than this are guesses at a texture. */
const confidenceMin = 0.5;
/** Centres of two lines nearer than this share of the lower one's height stand in one row. */
const sameRowShare = 0.5;

/**
 * The lines of a picture that are worth telling, in reading order: rows from top to bottom, each from left to right.
 * @param linesMax of more, the surest count
 */
export function linesInOrder(lines: readonly TextOnFrame[], linesMax: number): TextOnFrame[] {
  const sure = lines
    .filter(({ text, confidence }) => confidence >= confidenceMin && /[\p{L}\p{N}]/u.test(text))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, linesMax)
    .sort((a, b) => middleOf(a) - middleOf(b));
  const rows: TextOnFrame[][] = [];
  for (const line of sure) {
    const first = rows.at(-1)?.[0];
    const inRow = first && Math.abs(middleOf(line) - middleOf(first)) < sameRowShare * Math.min(line.bbox[3], first.bbox[3]);
    if (inRow) rows.at(-1)?.push(line);
    else rows.push([line]);
  }
  return rows.flatMap((row) => row.sort((a, b) => a.bbox[0] - b.bbox[0]));
}

/** Lines as one text, a line each; what is longer is cut. */
export function fullText(texts: readonly string[], charactersMax: number): string {
  return texts.join('\n').slice(0, charactersMax);
}

/** The language that most letters are in; `und` where no line tells. */
export function voteLanguage(lines: readonly Pick<TextOnFrame, 'text' | 'language_code'>[]): string {
  const letters = new Map<string, number>();
  for (const { text, language_code } of lines)
    if (language_code !== 'und') letters.set(language_code, (letters.get(language_code) ?? 0) + text.length);
  return [...letters].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'und';
}

function middleOf({ bbox: [, top, , height] }: TextOnFrame): number {
  return top + height / 2;
}
