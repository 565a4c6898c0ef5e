import { boxArea, boxCentre, type PictureSize } from '@nightjar/geometry';
import type { DetectedObject } from '../../engine/engine-tasks.js';

export const templateCaptionId = 'nightjar/template-caption';

/** Plurals that do not just take an "s". */
const plurals: Readonly<Record<string, string>> = {
  person: 'people',
  bus: 'buses',
  sheep: 'sheep',
  mouse: 'mice',
  knife: 'knives',
  bench: 'benches',
  'wine glass': 'wine glasses',
  skis: 'skis',
  scissors: 'scissors',
};
const numerals = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
/** More kinds make a list, not a sentence. */
const maxKinds = 5;

interface SceneFacts {
  readonly objects: readonly DetectedObject[];
  readonly picture: PictureSize;
  /** Mean grey value, 0..255. */
  readonly brightness: number;
}

/**
 * A sentence from what a detector found and how bright the picture is: "Three people in the middle and on the right, one car on the
 * left; a bright scene." Says nothing that was not measured.
 */
export function templateCaption({ objects, picture, brightness }: SceneFacts): string {
  const kinds = groupByLabel(objects).slice(0, maxKinds);
  const scene = `a ${lightOf(brightness)} scene`;
  if (kinds.length === 0) return `Nothing that could be named; ${scene}.`;
  const phrases = kinds.map(([label, members]) => `${countOf(members.length, label)} ${placesOf(members, picture)}`);
  return `${capitalised(phrases.join(', '))}; ${scene}.`;
}

/** People first, then by how much of the picture a kind takes. */
function groupByLabel(objects: readonly DetectedObject[]): [string, DetectedObject[]][] {
  const groups = new Map<string, DetectedObject[]>();
  for (const object of objects) groups.set(object.label, [...(groups.get(object.label) ?? []), object]);
  const area = (members: readonly DetectedObject[]) => members.reduce((sum, { box }) => sum + boxArea(box), 0);
  const isPeople = (label: string) => (label === 'person' ? 1 : 0);
  return [...groups].sort(([a, ofA], [b, ofB]) => isPeople(b) - isPeople(a) || area(ofB) - area(ofA));
}

function countOf(count: number, label: string): string {
  const noun = count === 1 ? label : Object.hasOwn(plurals, label) ? plurals[label] : `${label}s`;
  return `${numerals[count] ?? count} ${noun}`;
}

/** By thirds of the picture's width, left to right. */
function placesOf(members: readonly DetectedObject[], picture: PictureSize): string {
  const thirds = members.map(({ box }) => Math.min(2, Math.floor((3 * boxCentre(box).x) / picture.width)));
  const places = ['on the left', 'in the middle', 'on the right'].filter((_, third) => thirds.includes(third));
  if (places.length === 3) return 'across the picture';
  return places.join(' and ');
}

function lightOf(brightness: number): 'dark' | 'dim' | 'bright' {
  if (brightness < 45) return 'dark';
  return brightness < 90 ? 'dim' : 'bright';
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
