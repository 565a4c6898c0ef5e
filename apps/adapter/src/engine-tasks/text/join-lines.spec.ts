import { describe, expect, it } from '@jest/globals';
import { joinLines } from './join-lines.js';

const piece = (text: string, x1: number, y1: number, confidence = 0.9) => {
  const box = { x1, y1, x2: x1 + text.length * 10, y2: y1 + 20 };
  const polygon = [
    { x: box.x1, y: box.y1 },
    { x: box.x2, y: box.y1 },
    { x: box.x2, y: box.y2 },
    { x: box.x1, y: box.y2 },
  ];
  return { text, confidence, box, polygon };
};
const texts = (...pieces: ReturnType<typeof piece>[]) => joinLines(pieces).map(({ text }) => text);

describe('joinLines', () => {
  it('joins the pieces of a line, from left to right whatever their order', () => {
    expect(texts(piece('AB', 30, 2), piece('B', 0, 0), piece('1234', 65, 1))).toEqual(['B AB 1234']);
  });

  it('leaves lines and columns apart', () => {
    expect(texts(piece('one', 0, 0), piece('two', 0, 25), piece('three', 100, 0))).toEqual(['one', 'two', 'three']);
  });

  it('joins the ends of a line whose middle comes last', () => {
    expect(texts(piece('A', 0, 0), piece('C', 50, 0), piece('B', 25, 0))).toEqual(['A B C']);
  });

  it('gives the joined line the box, the corners and the confidence of both by their lengths', () => {
    const [line] = joinLines([piece('AAA', 0, 0, 0.9), piece('B', 40, 4, 0.5)]);
    expect(line!.box).toEqual({ x1: 0, y1: 0, x2: 50, y2: 24 });
    expect(line!.polygon).toEqual([
      { x: 0, y: 0 },
      { x: 50, y: 4 },
      { x: 50, y: 24 },
      { x: 0, y: 20 },
    ]);
    expect(line!.confidence).toBeCloseTo(0.8);
  });

  it('keeps what lies over each other apart: a text that was found twice', () => {
    expect(texts(piece('HELLO', 0, 0), piece('HELLO', 2, 1))).toHaveLength(2);
  });
});
