import type { z } from 'zod';

/** What parameters have to be, for which JSON Schema has no keyword of its own: a published schema says it by ours. */
interface ParameterRule {
  keyword: `x-${string}`;
  type: 'array' | 'object';
  /** What is of another form holds: that is somebody else's to refuse. */
  holds: (value: unknown) => boolean;
  /** Said of what does not hold, behind its place. */
  message: string;
}

/** Farther from a straight line than this share of its length is not on it. Far below what a pixel is of any picture. */
const straightShare = 1e-9;

/** Of the points of a polygon. One that crosses itself encloses something; one whose points lie on one line never does. */
export const enclosesArea: ParameterRule = {
  keyword: 'x-encloses-area',
  type: 'array',
  holds: (value) => !Array.isArray(value) || !value.every(isPoint) || !areOnOneLine(value),
  message: 'encloses nothing: its points lie on one line',
};

/** Of a line from `a` to `b`. */
export const hasLength: ParameterRule = {
  keyword: 'x-has-length',
  type: 'object',
  holds: (value) => {
    const { a, b } = value as { a?: unknown; b?: unknown };
    return !isPoint(a) || !isPoint(b) || a[0] !== b[0] || a[1] !== b[1];
  },
  message: 'has both ends in one place',
};

/** Of a count that is asked for by its bounds. */
export const countsSomething: ParameterRule = {
  keyword: 'x-counts-something',
  type: 'object',
  holds: (value) => {
    const { people_count__gte: least, people_count__lte: most } = value as Record<string, unknown>;
    return typeof least !== 'number' || typeof most !== 'number' || least <= most;
  },
  message: 'can never hold: people_count__gte is above people_count__lte',
};

export const parameterRules: readonly ParameterRule[] = [enclosesArea, hasLength, countsSomething];

/** The same schema with a rule: what is parsed with it is held to it, and what is published of it says so. */
export function ruled<Schema extends z.ZodType>(schema: Schema, { holds, keyword, message }: ParameterRule): Schema {
  return schema.refine(holds, message).meta({ [keyword]: true });
}

type Point = readonly [x: number, y: number];

function isPoint(value: unknown): value is Point {
  return Array.isArray(value) && value.length === 2 && value.every((coordinate) => typeof coordinate === 'number');
}

function areOnOneLine(points: readonly Point[]): boolean {
  const [first] = points;
  if (!first) return true;
  const from = points.map(([x, y]): Point => [x - first[0], y - first[1]]);
  const [farX, farY] = from.reduce((far, point) => (Math.hypot(...point) > Math.hypot(...far) ? point : far));
  return from.every(([x, y]) => Math.abs(farX * y - farY * x) <= straightShare * (farX ** 2 + farY ** 2));
}
