import type { TextLine } from '../../engine/engine-tasks.js';

/** Two pieces stand in one line when they share this much of the lower one's height. */
const leastSharedHeight = 0.6;
/** Wider gaps, in heights of the line, separate columns. */
const widestGap = 1.3;

/**
 * Joins pieces of text that stand in one line next to each other: the detector splits at wide spaces, and a number plate is full of
 * them. The order of the pieces is kept: a line stands where its first piece stood.
 */
export function joinLines(pieces: readonly TextLine[]): TextLine[] {
  const lines: TextLine[] = [];
  for (const piece of pieces) {
    const index = lines.findIndex((line) => isOneLine(line, piece));
    if (index === -1) lines.push(piece);
    else lines[index] = join(lines[index]!, piece);
  }
  // A piece may have been the missing link between two lines.
  return lines.length < pieces.length ? joinLines(lines) : lines;
}

function isOneLine({ box: a }: TextLine, { box: b }: TextLine): boolean {
  const height = Math.min(a.y2 - a.y1, b.y2 - b.y1);
  const shared = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  const gap = Math.max(a.x1, b.x1) - Math.min(a.x2, b.x2);
  return height > 0 && shared >= leastSharedHeight * height && gap <= widestGap * height && gap > -height;
}

function join(a: TextLine, b: TextLine): TextLine {
  const [left, right] = a.box.x1 <= b.box.x1 ? [a, b] : [b, a];
  const letters = left.text.length + right.text.length;
  return {
    text: `${left.text} ${right.text}`,
    confidence: (left.confidence * left.text.length + right.confidence * right.text.length) / letters,
    box: {
      x1: left.box.x1,
      y1: Math.min(left.box.y1, right.box.y1),
      x2: Math.max(left.box.x2, right.box.x2),
      y2: Math.max(left.box.y2, right.box.y2),
    },
    polygon: joinPolygons(left, right),
  };
}

/** Clockwise from the top left: the left piece's left corners and the right piece's right ones. */
function joinPolygons(left: TextLine, right: TextLine): TextLine['polygon'] {
  const [topLeft, , , bottomLeft] = left.polygon;
  const [, topRight, bottomRight] = right.polygon;
  return [topLeft, topRight, bottomRight, bottomLeft].filter((corner) => corner !== undefined);
}
