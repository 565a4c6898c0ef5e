/** One analytic of a camera, as its stream names it. */
export interface Analytic {
  analytic_name: string;
  parameters: Record<string, unknown>;
}

/** A point in shares of the picture, from its upper left corner. */
export type Point = readonly [number, number];

/** Analytics that are drawn on the picture, and what they tell. */
export const drawnKinds = {
  intrusion: 'tells of who is in a zone',
  line_crossing: 'tells of who goes across a line',
  loitering: 'tells of who stays in a zone for long',
  occupancy: 'tells when so many are in a zone',
} as const;
export type DrawnKind = keyof typeof drawnKinds;

/** A zone has corners, a line has two ends. */
export const pointsMin: Record<DrawnKind, number> = { intrusion: 3, line_crossing: 2, loitering: 3, occupancy: 3 };
export const pointsMax: Record<DrawnKind, number> = { intrusion: 64, line_crossing: 2, loitering: 64, occupancy: 64 };

/** The number that a kind is told by, if it has one. */
export const thresholds: Partial<Record<DrawnKind, { member: string; label: string; usual: number; min: number }>> = {
  intrusion: { member: 'min_dwell_seconds', label: 'Seconds inside before it counts', usual: 0, min: 0 },
  loitering: { member: 'dwell_seconds', label: 'Seconds that are too long', usual: 30, min: 1 },
  occupancy: { member: 'count__gte', label: 'How many are too many', usual: 1, min: 1 },
};

/** What is being drawn. */
export interface Drawing {
  kind: DrawnKind;
  name: string;
  points: readonly Point[];
  /** As commas separate them. */
  labels: string;
  anchor: 'centre' | 'bottom';
  threshold: number;
  direction: 'both' | 'a_to_b' | 'b_to_a';
}

/** The analytic that a drawing asks for. */
export function analyticOf({ anchor, direction, kind, labels, name, points, threshold }: Drawing): Analytic {
  const rounded = points.map(([x, y]) => [roundShare(x), roundShare(y)] as const);
  const wanted = labels
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '');
  const shown = name.trim() || kind;
  const numbered = thresholds[kind];
  const parameters = {
    ...(kind === 'line_crossing'
      ? { line: { name: shown, a: rounded[0], b: rounded[1] }, count_direction: direction }
      : { zone: { name: shown, points: rounded } }),
    anchor,
    labels: wanted.length > 0 ? wanted : ['person'],
    ...(numbered && { [numbered.member]: threshold }),
  };
  return { analytic_name: kind, parameters: { parameters } };
}

/** The shape of an analytic, to be shown on the picture; undefined for one without, or in pixels. */
export function shapeOf({ parameters }: Analytic): { name: string; points: Point[]; isLine: boolean } | undefined {
  const inner = recordOf(parameters.parameters);
  const zone = recordOf(inner.zone);
  const line = recordOf(inner.line);
  if (zone.units === 'pixels' || line.units === 'pixels') return undefined;
  const nameOf = (shape: Record<string, unknown>) => (typeof shape.name === 'string' ? shape.name : '');
  const corners = Array.isArray(zone.points) ? zone.points.filter(isPoint) : [];
  if (corners.length >= 3) return { name: nameOf(zone), points: corners, isLine: false };
  const ends = [line.a, line.b].filter(isPoint);
  return ends.length === 2 ? { name: nameOf(line), points: ends, isLine: true } : undefined;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isPoint(value: unknown): value is Point {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'number' && part >= 0 && part <= 1);
}

const roundShare = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * 1_000) / 1_000;
