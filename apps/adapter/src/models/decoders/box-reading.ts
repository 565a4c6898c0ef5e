import type { BoxXyxy } from '@nightjar/geometry';
import type { DetectorDecoding, Point } from './detector-decoding.js';
import type { CheckedOutput } from './model-outputs.js';

type FourNumbers = readonly [number, number, number, number];

/** What the four numbers of a box are. */
type BoxForm = 'x1 y1 x2 y2' | 'y1 x1 y2 x2' | 'centre and size';

/** Where the boxes of an output stand: number `n` of box `place` is at `place · placeStep + n · numberStep`. */
interface BoxPlaces {
  readonly output: CheckedOutput;
  readonly form: BoxForm;
  readonly placeStep: number;
  /** Default 1: the four numbers stand together. */
  readonly numberStep?: number;
  /** What such models usually give; the decoding may say otherwise. */
  readonly usualUnits: 'pixels' | 'fractions';
}

const corners: { readonly [Form in BoxForm]: (four: FourNumbers) => FourNumbers } = {
  'x1 y1 x2 y2': (four) => four,
  'y1 x1 y2 x2': ([y1, x1, y2, x2]) => [x1, y1, x2, y2],
  'centre and size': cornersFromCentre,
};

/** A reader of boxes by their place, in pixels of the input. It throws an Error when a box is no number. */
export function boxReader(places: BoxPlaces, decoding: DetectorDecoding): (place: number) => BoxXyxy {
  const { output, form, placeStep, numberStep = 1 } = places;
  const inFractions = (decoding.boxUnits ?? places.usualUnits) === 'fractions';
  const [scaleX, scaleY] = inFractions ? [decoding.inputWidthPixels, decoding.inputHeightPixels] : [1, 1];
  return (place) => {
    const number = (index: number) => output.data[place * placeStep + index * numberStep]!;
    const [x1, y1, x2, y2] = corners[form]([number(0), number(1), number(2), number(3)]);
    return boxFromCorners(output.name, [x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY]);
  };
}

/**
 * A box from its corners. Corners in the wrong order, which some models give for noise, collapse into a box without area.
 * @throws Error when one is no number
 */
export function boxFromCorners(outputName: string, [x1, y1, x2, y2]: FourNumbers): BoxXyxy {
  if (![x1, y1, x2, y2].every(Number.isFinite)) throw new Error(`output "${outputName}" of the model holds a box that is not a number`);
  return { x1, y1, x2: Math.max(x1, x2), y2: Math.max(y1, y2) };
}

/** A box from its centre and size. @throws Error when one is no number */
export function boxFromCentre(outputName: string, four: FourNumbers): BoxXyxy {
  return boxFromCorners(outputName, cornersFromCentre(four));
}

/** A landmark. @throws Error when it is no number */
export function pointOf(outputName: string, x: number, y: number): Point {
  if (!Number.isFinite(x) || !Number.isFinite(y)) throw new Error(`output "${outputName}" of the model holds a point that is not a number`);
  return { x, y };
}

function cornersFromCentre([x, y, width, height]: FourNumbers): FourNumbers {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}
