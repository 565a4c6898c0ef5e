/** A number that an analytic is told by: how soon, how long, how much. */
interface NumberParameter {
  /** As the API calls it. */
  member: string;
  label: string;
  usual: number;
  min: number;
  max: number;
  step?: number;
}

/** What of an analytic is set on the page. */
interface AnalyticKind {
  /** What it tells. */
  about: string;
  shape: 'zone' | 'line' | 'none';
  /** Without a shape it looks at the whole picture. */
  isShapeOptional?: boolean;
  /** Objects that count unless others are named; undefined: it looks for no labels. */
  labels?: string;
  numbers: readonly NumberParameter[];
}

const seconds = (member: string, label: string, usual: number, min = 0, max = 600): NumberParameter => ({
  member,
  label,
  usual,
  min,
  max,
  step: 0.5,
});
const count = (member: string, label: string, usual: number, min = 0, max = 1_000): NumberParameter => ({ member, label, usual, min, max });

/** Analytics that are set on the page, with the bounds of their reference. */
export const drawnKinds = {
  intrusion: {
    about: 'tells of who is in a zone',
    shape: 'zone',
    labels: 'person',
    numbers: [
      seconds('min_dwell_seconds', 'Seconds inside before it counts', 0, 0, 3_600),
      seconds('grace_seconds', 'Seconds outside that do not end it', 5),
    ],
  },
  line_crossing: {
    about: 'tells of who goes across a line',
    shape: 'line',
    labels: 'person',
    numbers: [
      {
        member: 'min_distance',
        label: 'Distance from the line that counts (of a person’s height)',
        usual: 0.05,
        min: 0,
        max: 2,
        step: 0.01,
      },
    ],
  },
  loitering: {
    about: 'tells of who stays in a zone for long',
    shape: 'zone',
    labels: 'person',
    numbers: [
      seconds('dwell_seconds', 'Seconds that are too long', 30, 1, 86_400),
      seconds('grace_seconds', 'Seconds outside that do not end it', 10),
    ],
  },
  occupancy: {
    about: 'tells when so many are in a zone',
    shape: 'zone',
    labels: 'person',
    numbers: [
      count('count__gte', 'How many are too many', 1, 0, 100_000),
      count('probe_count', 'Pictures in a row that have to say so', 2, 1),
      seconds('grace_seconds', 'Seconds outside that do not count', 2),
    ],
  },
  motion: {
    about: 'tells when something moves',
    shape: 'zone',
    isShapeOptional: true,
    numbers: [
      { member: 'threshold', label: 'Share of the zone that has to move (0 to 1)', usual: 0.01, min: 0, max: 1, step: 0.001 },
      seconds('min_duration_seconds', 'Seconds that it has to move for', 0.5),
      seconds('quiet_seconds', 'Quiet seconds that end it', 5, 0.5, 3_600),
    ],
  },
  abandoned_object: {
    about: 'tells of bags that stand somewhere with nobody near',
    shape: 'zone',
    labels: 'backpack, handbag, suitcase',
    numbers: [
      seconds('unattended_seconds', 'Seconds alone before it counts', 60, 1, 86_400),
      { member: 'owner_distance', label: 'How near its owner is (of his height)', usual: 1.5, min: 0, max: 20, step: 0.1 },
    ],
  },
  people_count: {
    about: 'tells when there are too many people on the picture',
    shape: 'none',
    numbers: [
      count('people_count_threshold', 'Tells of more people than', 0, 0, 100_000),
      count('probe_count', 'Counts in a row that have to say so', 2, 1),
    ],
  },
  human_tracking: {
    about: 'follows each person, with the best picture of the face',
    shape: 'none',
    numbers: [
      count('probe_count', 'Pictures in a row that make a person', 2, 1),
      seconds('gone_seconds', 'Seconds out of sight after which a person has left', 5, 5),
    ],
  },
} as const satisfies Record<string, AnalyticKind>;
export type DrawnKind = keyof typeof drawnKinds;

/** @returns undefined for one that is not set on the page */
export function kindOf(analyticName: string): DrawnKind | undefined {
  return Object.hasOwn(drawnKinds, analyticName) ? (analyticName as DrawnKind) : undefined;
}

export function aboutKind(kind: DrawnKind): AnalyticKind {
  return drawnKinds[kind];
}

const pointsOfShape = { zone: { min: 3, max: 64 }, line: { min: 2, max: 2 }, none: { min: 0, max: 0 } };

export function pointsMax(kind: DrawnKind): number {
  return pointsOfShape[drawnKinds[kind].shape].max;
}

/** How many points are still to be drawn. */
export function pointsMissing(kind: DrawnKind, drawn: number): number {
  const { isShapeOptional, shape } = aboutKind(kind);
  return isShapeOptional && drawn === 0 ? 0 : Math.max(0, pointsOfShape[shape].min - drawn);
}

export function usualNumbers(kind: DrawnKind): Record<string, number> {
  return Object.fromEntries(drawnKinds[kind].numbers.map(({ member, usual }) => [member, usual]));
}
