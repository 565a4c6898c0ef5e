import type { DetectorDecoding } from './detector-decoding.js';
import type { CheckedOutput } from './model-outputs.js';

/**
 * Most boxes that one picture can give before overlaps are suppressed, whose cost grows with their square. A crowd of 300 gives
 * some hundred; noise of a broken model or a threshold of 0 gives hundreds of thousands.
 */
const maxCandidates = 1000;

/** A score that reached the threshold, and where in the outputs its box stands. */
export interface Candidate {
  readonly score: number;
  readonly classId: number;
  readonly place: number;
}

/** Collects scores of one output and keeps the best `maxCandidates` of them, in bounded memory. */
export class BestCandidates {
  private kept: Candidate[] = [];
  /** Nothing at or below it can be among the best any more. */
  private floor = -Infinity;

  constructor(private readonly outputName: string) {}

  /**
   * Hot loops call it for every score that is **not below** the threshold, so that NaN comes here too.
   * @throws Error when the score is no probability: broken weights must not look like an empty scene
   */
  offer(score: number, classId: number, place: number): void {
    if (!Number.isFinite(score)) throw new Error(`output "${this.outputName}" of the model holds a score that is not a number`);
    // A little over 1 is rounding.
    if (score > 1.001) {
      throw new Error(
        `output "${this.outputName}" of the model holds the score ${score.toPrecision(3)}; probabilities (0..1) were expected`,
      );
    }
    if (score <= this.floor) return;
    this.kept.push({ score: Math.min(score, 1), classId, place });
    if (this.kept.length < 4 * maxCandidates) return;
    this.kept = keepBest(this.kept);
    this.floor = this.kept.at(-1)!.score;
  }

  best(): Candidate[] {
    return keepBest(this.kept);
  }
}

/** The `maxCandidates` best by falling score; equal ones keep their order. */
export function keepBest<T extends { readonly score: number }>(found: readonly T[]): T[] {
  return [...found].sort((a, b) => b.score - a.score).slice(0, maxCandidates);
}

/** The classes to look at. Ids that the model does not have are dropped. */
export function wantedClasses({ classes, classIds }: DetectorDecoding): readonly number[] {
  return classIds?.filter((classId) => classId < classes) ?? Array.from({ length: classes }, (_, classId) => classId);
}

/** Where the scores of an output stand: that of class `c` at place `p` is at `start + p · placeStep + c · classStep`. */
interface ScorePlaces {
  readonly places: number;
  readonly start: number;
  readonly placeStep: number;
  readonly classStep: number;
}

/** The best scores of an output that has one for every place and class. */
export function bestOfEveryClass(output: CheckedOutput, where: ScorePlaces, decoding: DetectorDecoding): Candidate[] {
  const { data } = output;
  const { places, start, placeStep, classStep } = where;
  const { minScore } = decoding;
  const wanted = wantedClasses(decoding);
  const candidates = new BestCandidates(output.name);
  // Along the memory: the other way round costs several times as much on a large output.
  if (classStep > placeStep) {
    for (const classId of wanted) {
      for (let place = 0, at = start + classId * classStep; place < places; place++, at += placeStep) {
        const score = data[at]!;
        if (!(score < minScore)) candidates.offer(score, classId, place);
      }
    }
  } else {
    for (let place = 0; place < places; place++) {
      const first = start + place * placeStep;
      for (let index = 0; index < wanted.length; index++) {
        const score = data[first + wanted[index]! * classStep]!;
        if (!(score < minScore)) candidates.offer(score, wanted[index]!, place);
      }
    }
  }
  return candidates.best();
}

/** Boxes that a model has chosen itself, each with one score and the number of one class. */
interface ChosenBoxes {
  readonly count: number;
  readonly scoreOutput: string;
  readonly score: (place: number) => number;
  readonly classOutput: string;
  readonly classNumber: (place: number) => number;
  /** The number of the first label. */
  readonly firstClassNumber: number;
}

/**
 * The best of the boxes that a model has chosen itself.
 * @throws Error when a class number has no label: the manifest's labels belong to another model
 */
export function bestOfChosen(chosen: ChosenBoxes, decoding: DetectorDecoding): Candidate[] {
  const { count, firstClassNumber } = chosen;
  const { classes, minScore } = decoding;
  const wanted = new Set(wantedClasses(decoding));
  const candidates = new BestCandidates(chosen.scoreOutput);
  for (let place = 0; place < count; place++) {
    const score = chosen.score(place);
    if (score < minScore) continue;
    const number = chosen.classNumber(place);
    const classId = Math.round(number) - firstClassNumber;
    if (!(classId >= 0 && classId < classes)) {
      const range = `${firstClassNumber} to ${firstClassNumber + classes - 1}`;
      throw new Error(`output "${chosen.classOutput}" of the model holds the class number ${number}, expected ${range}`);
    }
    if (wanted.has(classId)) candidates.offer(score, classId, place);
  }
  return candidates.best();
}
