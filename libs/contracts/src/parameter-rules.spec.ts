import { describe, expect, it } from '@jest/globals';
import { countsSomething, enclosesArea, hasLength } from './parameter-rules.js';

describe('a rule of parameters', () => {
  it('leaves what is of another form to be refused by others', () => {
    for (const value of [{}, { a: 1, b: 1 }, { a: [], b: [] }, { a: ['x', 'y'], b: ['x', 'y'] }, { a: [1, 1] }, { a: null, b: null }])
      expect(hasLength.holds(value)).toBe(true);
    for (const value of ['x', {}, [1, 2, 3], [[0, 0], 'x', [1, 1]], [[0], [1], [2]]]) expect(enclosesArea.holds(value)).toBe(true);
    for (const value of [{}, { people_count__gte: '2', people_count__lte: 1 }, { people_count__gte: 2 }])
      expect(countsSomething.holds(value)).toBe(true);
  });

  it('takes a polygon for a line whatever its size, and a thin one for what it is', () => {
    const scaled = (scale: number, middle: number) => [
      [0, 0],
      [scale / 3, middle * scale],
      [scale, scale],
    ];
    for (const scale of [1e-3, 1, 16_384]) {
      expect(enclosesArea.holds(scaled(scale, 1 / 3))).toBe(false);
      expect(enclosesArea.holds(scaled(scale, 1 / 3 + 1e-6))).toBe(true);
    }
    expect(enclosesArea.holds([])).toBe(false);
  });
});
