import { describe, expect, it } from '@jest/globals';
import { floats } from './tensors.fixture.js';
import { decodeEndToEndYolo, decodeYolov5, decodeYolov8 } from './yolo-decoder.js';

const decoding = { inputWidthPixels: 640, inputHeightPixels: 320, classes: 2, minScore: 0.5 };

/** Rows of numbers → the same, columns first. */
function turned(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.flatMap((_, column) => rows.map((row) => row[column]!));
}

// cx, cy, w, h and the probabilities of two classes, at three places.
const places = [
  [100, 50, 20, 10, 0.75, 0],
  [300, 200, 40, 80, 0.25, 0.25],
  [500, 300, 100, 40, 0.5, 0.875],
];
const found = [
  { box: { x1: 450, y1: 280, x2: 550, y2: 320 }, score: 0.875, classId: 1 },
  { box: { x1: 90, y1: 45, x2: 110, y2: 55 }, score: 0.75, classId: 0 },
  { box: { x1: 450, y1: 280, x2: 550, y2: 320 }, score: 0.5, classId: 0 },
];

describe('decodeYolov8', () => {
  it('reads boxes and classes with the places last, as Ultralytics exports them', () => {
    expect(decodeYolov8(new Map([['output0', floats([1, 6, 3], turned(places))]]), decoding)).toEqual(found);
  });

  it('reads the same with the places first', () => {
    expect(decodeYolov8(new Map([['anything', floats([1, 3, 6], places.flat())]]), decoding)).toEqual(found);
  });

  it('takes boxes as fractions of the input where the manifest says so', () => {
    const output = floats([1, 1, 6], [0.5, 0.5, 0.25, 0.5, 1, 0]);
    const [only] = decodeYolov8(new Map([['Identity', output]]), { ...decoding, boxUnits: 'fractions' });
    expect(only!.box).toEqual({ x1: 240, y1: 80, x2: 400, y2: 240 });
  });

  it('finds its output among several by the usual names, or by the name given', () => {
    const predictions = floats([1, 6, 3], turned(places));
    const outputs = new Map([
      ['masks', floats([1, 32, 16, 16])],
      ['output0', predictions],
    ]);
    expect(decodeYolov8(outputs, decoding)).toEqual(found);
    outputs.delete('output0');
    outputs.set('mine', predictions);
    expect(decodeYolov8(outputs, { ...decoding, outputNames: { predictions: 'mine' } })).toEqual(found);
    expect(() => decodeYolov8(outputs, decoding)).toThrow(
      'the model has no output for predictions; it has "masks" [1, 32, 16, 16], "mine" [1, 6, 3], expected one of output0',
    );
    expect(() => decodeYolov8(outputs, { ...decoding, outputNames: { predictions: 'constructor' } })).toThrow('expected "constructor"');
  });

  it('refuses another number of classes than there are labels', () => {
    const outputs = new Map([['output0', floats([1, 84, 8400])]]);
    expect(() => decodeYolov8(outputs, decoding)).toThrow(
      'output "output0" of the model has the shape [1, 84, 8400], expected [1, 6, N] or [1, N, 6]',
    );
  });

  it('refuses a batch, and scores that are no probabilities or no numbers', () => {
    expect(() => decodeYolov8(new Map([['output0', floats([2, 6, 3])]]), decoding)).toThrow('has the shape [2, 6, 3]');
    const logits = new Map([['output0', floats([1, 1, 6], [1, 1, 1, 1, 7.25, -3])]]);
    expect(() => decodeYolov8(logits, decoding)).toThrow('holds the score 7.25; probabilities (0..1) were expected');
    const broken = new Map([['output0', floats([1, 1, 6], [1, 1, 1, 1, NaN, 0])]]);
    expect(() => decodeYolov8(broken, decoding)).toThrow('holds a score that is not a number');
    const infinite = new Map([['output0', floats([1, 1, 6], [1, Infinity, 1, 1, 0.75, 0])]]);
    expect(() => decodeYolov8(infinite, decoding)).toThrow('output "output0" of the model holds a box that is not a number');
  });

  it('gives the best thousand of many', () => {
    const many = floats([1, 6, 8400]);
    many.data.fill(0.5, 4 * 8400);
    many.data[4 * 8400 + 8399] = 0.75;
    const boxes = decodeYolov8(new Map([['output0', many]]), { ...decoding, minScore: 0 });
    expect(boxes).toHaveLength(1000);
    expect(boxes[0]!.score).toBe(0.75);
  });
});

describe('decodeYolov5', () => {
  it('multiplies the probability of an object with that of its class', () => {
    const rows = [
      [100, 50, 20, 10, 0.75, 0.75, 0],
      [300, 200, 40, 80, 1, 0.25, 0.5],
      [500, 300, 100, 40, 0.25, 1, 1],
    ];
    expect(decodeYolov5(new Map([['output0', floats([1, 3, 7], rows.flat())]]), decoding)).toEqual([
      { box: { x1: 90, y1: 45, x2: 110, y2: 55 }, score: 0.5625, classId: 0 },
      { box: { x1: 280, y1: 160, x2: 320, y2: 240 }, score: 0.5, classId: 1 },
    ]);
  });

  it('refuses the output of a YOLOv8, and what is no number', () => {
    expect(() => decodeYolov5(new Map([['output0', floats([1, 6, 3])]]), decoding)).toThrow('has the shape [1, 6, 3], expected [1, N, 7]');
    const broken = new Map([['output0', floats([1, 1, 7], [1, 1, 1, 1, NaN, 0.5, 0.5])]]);
    expect(() => decodeYolov5(broken, decoding)).toThrow('holds a score that is not a number');
  });
});

describe('decodeEndToEndYolo', () => {
  it('reads corners, score and class, and leaves unused rows out', () => {
    const rows = [
      [10, 20, 30, 60, 0.75, 1],
      [1, 2, 3, 4, 0.5, 0],
      [0, 0, 0, 0, 0, 0],
    ];
    const outputs = new Map([['output0', floats([1, 3, 6], rows.flat())]]);
    expect(decodeEndToEndYolo(outputs, decoding)).toEqual([
      { box: { x1: 10, y1: 20, x2: 30, y2: 60 }, score: 0.75, classId: 1 },
      { box: { x1: 1, y1: 2, x2: 3, y2: 4 }, score: 0.5, classId: 0 },
    ]);
    expect(decodeEndToEndYolo(outputs, { ...decoding, classIds: [0] })).toHaveLength(1);
  });

  it('refuses a class that has no label', () => {
    for (const classNumber of [2, -1, NaN]) {
      const outputs = new Map([['output0', floats([1, 1, 6], [1, 2, 3, 4, 0.75, classNumber])]]);
      expect(() => decodeEndToEndYolo(outputs, decoding)).toThrow(`holds the class number ${classNumber}, expected 0 to 1`);
    }
  });
});
