import type { WeeklySchedule } from '@nightjar/contracts';
import { labelsOf } from '../events/typed-labels.js';
import { aboutKind, kindOf, usualNumbers, type DrawnKind } from './analytic-kinds.js';
import { readSchedule } from './weekly-schedule.js';

/** One analytic of a camera, as its stream names it. */
export interface Analytic {
  analytic_name: string;
  parameters: Record<string, unknown>;
}

/** A point in shares of the picture, from its upper left corner. */
export type Point = readonly [number, number];

/** What is being drawn. */
export interface Drawing {
  kind: DrawnKind;
  name: string;
  points: readonly Point[];
  /** As commas separate them. */
  labels: string;
  anchor: 'centre' | 'bottom';
  /** By the name that the API has for them. */
  numbers: Readonly<Record<string, number>>;
  direction: 'both' | 'a_to_b' | 'b_to_a';
  /** Null: always. */
  schedule: WeeklySchedule | null;
}

/** A new one of a kind, with what is usual. */
export function emptyDrawing(kind: DrawnKind): Drawing {
  return {
    kind,
    name: '',
    points: [],
    labels: aboutKind(kind).labels ?? '',
    anchor: 'bottom',
    numbers: usualNumbers(kind),
    direction: 'both',
    schedule: null,
  };
}

/** The analytic that a drawing asks for. @param before the one that it changes: what is not set on the page stays as it is */
export function analyticOf(drawing: Drawing, before?: Analytic): Analytic {
  const { anchor, direction, kind, labels, numbers, points, schedule } = drawing;
  const about = aboutKind(kind);
  const known = recordOf(before?.parameters.parameters);
  const wanted = labelsOf(labels);
  const rounded = points.map(([x, y]) => [roundShare(x), roundShare(y)] as const);
  const name = drawing.name.trim() || kind;
  const parameters = {
    ...known,
    ...(about.shape === 'line' && { line: { ...recordOf(known.line), name, a: rounded[0], b: rounded[1] }, count_direction: direction }),
    ...(about.shape === 'zone' && points.length > 0 && { zone: { ...recordOf(known.zone), name, points: rounded } }),
    ...(about.labels !== undefined && { anchor, labels: wanted.length > 0 ? wanted : about.labels.split(', ') }),
    ...numbers,
    ...(kind === 'intrusion' && (schedule !== null || known.schedule != null) && { schedule }),
  };
  // A zone that was taken away: the whole picture again.
  if (about.isShapeOptional && points.length === 0) delete (parameters as Record<string, unknown>).zone;
  return { analytic_name: kind, parameters: { ...before?.parameters, parameters } };
}

/** An analytic as it would be drawn; undefined for one that can't be: of another kind, or in pixels. */
export function drawingOf(analytic: Analytic): Drawing | undefined {
  const kind = kindOf(analytic.analytic_name);
  if (kind === undefined) return undefined;
  const about = aboutKind(kind);
  const shape = shapeOf(analytic);
  const inner = recordOf(analytic.parameters.parameters);
  const hasShape = inner.zone !== undefined || inner.line !== undefined;
  if (!shape && (hasShape || (about.shape !== 'none' && !about.isShapeOptional))) return undefined;
  const empty = emptyDrawing(kind);
  const numbers = about.numbers.map(({ member, usual }) => [member, typeof inner[member] === 'number' ? inner[member] : usual]);
  return {
    ...empty,
    name: shape?.name ?? '',
    points: shape?.points ?? [],
    labels: Array.isArray(inner.labels) ? inner.labels.join(', ') : empty.labels,
    // What the API takes where nothing is said.
    anchor: inner.anchor === 'bottom' ? 'bottom' : 'centre',
    numbers: Object.fromEntries(numbers) as Record<string, number>,
    direction: inner.count_direction === 'a_to_b' || inner.count_direction === 'b_to_a' ? inner.count_direction : 'both',
    schedule: readSchedule(inner.schedule),
  };
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

/** What the server finds wrong with parameters, by the name of the parameter: it says `…: /parameters/labels/0 must be …; …`. */
export function problemsOfParameters(text: string): ReadonlyMap<string, string> {
  const found = text.matchAll(/\/parameters\/([a-z_]+)[^\s;]* ([^;]+)/g);
  return new Map([...found].map(([, member = '', problem = '']) => [member, problem.trim()]));
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isPoint(value: unknown): value is Point {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'number' && part >= 0 && part <= 1);
}

const roundShare = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * 1_000) / 1_000;
