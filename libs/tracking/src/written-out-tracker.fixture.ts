import { expandBox, iou, type BoxXyxy } from '@nightjar/geometry';
import { defaultByteTrackerOptions, type TrackableDetection } from './byte-tracker.js';

/**
 * ByteTrack once more, written out as the paper has it: one Kalman filter of eight numbers with whole matrices, every assignment by
 * trying all of them. Slow, and with no line in common with the tracker that it checks, except for what that tracker says it
 * does differently from the paper (time in ms, boxes grown with the time, an id from the first frame on).
 */
export class WrittenOutTracker {
  private tracks: WrittenOutTrack[] = [];
  private nextId = 1;
  private frame = 0;
  private lastAtMs: number | undefined;

  /** Ids of the detections, in their order; 0 for those that are no objects. */
  update(detections: readonly TrackableDetection[], atMs: number): number[] {
    const { highScore, lowScore, lostTrackMs, minHighMatch, minLowMatch } = defaultByteTrackerOptions;
    const seconds = (atMs - (this.lastAtMs ?? atMs)) / 1_000;
    this.lastAtMs = atMs;
    this.frame++;
    this.tracks = this.tracks.filter(({ seenAtMs }) => atMs - seenAtMs <= lostTrackMs);
    for (const track of this.tracks) track.predict(atMs);
    const grow = (box: BoxXyxy) => expandBox(box, (box.y2 - box.y1) * Math.min(0.5 * seconds, 0.5));
    const ids = detections.map(() => 0);
    const match = (tracks: WrittenOutTrack[], columns: number[], weigh: (overlap: number, score: number) => number, least: number) => {
      const weights = tracks.map((track) =>
        columns.map((column) => {
          const { box, score, label } = detections[column]!;
          const weight = label === track.label ? weigh(iou(grow(track.box), grow(box)), score) : 0;
          return weight >= least ? weight : 0;
        }),
      );
      bestPairs(weights).forEach((choice, row) => {
        if (choice === undefined) return;
        const column = columns[choice]!;
        tracks[row]!.take(detections[column]!.box, atMs, this.frame);
        ids[column] = tracks[row]!.id;
      });
    };
    const columnsWith = (isWanted: (score: number) => boolean) =>
      detections.flatMap(({ score }, column) => (isWanted(score) ? [column] : []));
    match(
      this.tracks,
      columnsWith((score) => score >= highScore),
      (overlap, score) => overlap * score,
      minHighMatch,
    );
    const inView = this.tracks.filter(({ seenFrame }) => seenFrame === this.frame - 1);
    match(
      inView,
      columnsWith((score) => score >= lowScore && score < highScore),
      (overlap) => overlap,
      minLowMatch,
    );
    for (const track of this.tracks) if (track.seenFrame !== this.frame) track.mean[7] = 0;
    detections.forEach(({ box, label, score }, column) => {
      if (ids[column] !== 0 || score < highScore) return;
      const track = new WrittenOutTrack(this.nextId++, label, box, atMs, this.frame);
      this.tracks.push(track);
      ids[column] = track.id;
    });
    return ids;
  }
}

type Matrix = number[][];

const zeros = (rows: number, columns: number): Matrix => Array.from({ length: rows }, () => Array<number>(columns).fill(0));
const diagonal = (values: number[]): Matrix => values.map((value, row) => values.map((_, column) => (row === column ? value : 0)));
const transposed = (matrix: Matrix): Matrix => matrix[0]!.map((_, column) => matrix.map((row) => row[column]!));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, column) => row.reduce((sum, value, index) => sum + value * b[index]![column]!, 0)));
const sum = (a: Matrix, b: Matrix, sign = 1): Matrix => a.map((row, i) => row.map((value, j) => value + sign * b[i]![j]!));
const squares = (values: number[]) => values.map((value) => value ** 2);

/** By Gauss and Jordan; the matrices here are covariances, so no pivot is 0. */
function inverse(matrix: Matrix): Matrix {
  const size = matrix.length;
  const work = matrix.map((row, index) => [...row, ...diagonal(Array<number>(size).fill(1))[index]!]);
  for (let column = 0; column < size; column++) {
    const pivot = work[column]![column]!;
    work[column] = work[column]!.map((value) => value / pivot);
    for (let row = 0; row < size; row++) {
      const factor = work[row]![column]!;
      if (row !== column) work[row] = work[row]!.map((value, index) => value - factor * work[column]![index]!);
    }
  }
  return work.map((row) => row.slice(size));
}

/** Centre x, centre y, aspect, height, and the velocities of the four in units per frame of a 30 fps video. */
class WrittenOutTrack {
  mean: number[];
  covariance: Matrix;
  seenAtMs: number;
  private predictedAtMs: number;
  private static readonly observed: Matrix = zeros(4, 8).map((row, index) => row.map((_, column) => (column === index ? 1 : 0)));

  constructor(
    readonly id: number,
    readonly label: string,
    box: BoxXyxy,
    atMs: number,
    public seenFrame: number,
  ) {
    this.mean = [...measured(box), 0, 0, 0, 0];
    const height = this.mean[3]!;
    const [position, velocity] = [(2 * height) / 20, (10 * height) / 160];
    this.covariance = diagonal(squares([position, position, 1e-2, position, velocity, velocity, 1e-5, velocity]));
    this.seenAtMs = atMs;
    this.predictedAtMs = atMs;
  }

  get box(): BoxXyxy {
    const [x, y, aspect, height] = this.mean as [number, number, number, number];
    return { x1: x - (aspect * height) / 2, y1: y - height / 2, x2: x + (aspect * height) / 2, y2: y + height / 2 };
  }

  predict(atMs: number): void {
    const frames = Math.min(atMs - this.predictedAtMs, 2_000) / (1_000 / 30);
    this.predictedAtMs = atMs;
    if (frames === 0) return;
    const height = this.mean[3]!;
    const [position, velocity] = [height / 20, height / 160];
    const noise = diagonal(
      squares([position, position, 1e-2, position, velocity, velocity, 1e-5, velocity]).map((value) => value * frames),
    );
    const step = diagonal(Array<number>(8).fill(1)).map((row, index) =>
      row.map((value, column) => (column === index + 4 ? frames : value)),
    );
    this.mean = product(step, transposed([this.mean])).map(([value]) => value!);
    this.covariance = sum(product(product(step, this.covariance), transposed(step)), noise);
  }

  take(box: BoxXyxy, atMs: number, frame: number): void {
    const h = WrittenOutTrack.observed;
    const position = this.mean[3]! / 20;
    const noise = diagonal(squares([position, position, 1e-1, position]));
    const projected = sum(product(product(h, this.covariance), transposed(h)), noise);
    const gain = product(product(this.covariance, transposed(h)), inverse(projected));
    const innovation = measured(box).map((value, index) => [value - this.mean[index]!]);
    const correction = product(gain, innovation);
    this.mean = this.mean.map((value, index) => value + correction[index]![0]!);
    this.covariance = sum(this.covariance, product(product(gain, projected), transposed(gain)), -1);
    this.seenAtMs = atMs;
    this.seenFrame = frame;
  }
}

function measured({ x1, y1, x2, y2 }: BoxXyxy): number[] {
  return [(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / (y2 - y1), y2 - y1];
}

/** The pairs of rows and columns with the largest sum of weights, of all that there are. Weights of 0 pair nothing. */
function bestPairs(weights: Matrix): (number | undefined)[] {
  const columns = weights[0]?.length ?? 0;
  const known = new Map<string, { sum: number; choice: (number | undefined)[] }>();
  const best = (row: number, taken: number): { sum: number; choice: (number | undefined)[] } => {
    if (row === weights.length) return { sum: 0, choice: [] };
    const key = `${row} ${taken}`;
    const before = known.get(key);
    if (before) return before;
    const without = best(row + 1, taken);
    let found = { sum: without.sum, choice: [undefined, ...without.choice] as (number | undefined)[] };
    for (let column = 0; column < columns; column++) {
      const weight = weights[row]![column]!;
      if (weight <= 0 || (taken & (1 << column)) !== 0) continue;
      const rest = best(row + 1, taken | (1 << column));
      if (weight + rest.sum > found.sum) found = { sum: weight + rest.sum, choice: [column, ...rest.choice] };
    }
    known.set(key, found);
    return found;
  };
  return best(0, 0).choice;
}
