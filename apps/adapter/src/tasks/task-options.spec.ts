import { describe, expect, it } from '@jest/globals';
import { ConfidenceOption, countOption, LabelsOption } from './task-options.js';

describe('options of tasks', () => {
  it('take a confidence from 0 to 1 as number or as text', () => {
    for (const value of [0, 0.45, 1]) expect(ConfidenceOption.parse(value)).toBe(value);
    expect(['0', '0.45', '.5', '1', '1.0'].map((text) => ConfidenceOption.parse(text))).toEqual([0, 0.45, 0.5, 1, 1]);
    for (const value of [-0.1, 1.1, NaN, null, true, '', '2', '1.5', '1e-1', '0x1', ' 1', [0.5]]) {
      expect(ConfidenceOption.safeParse(value).success).toBe(false);
    }
  });

  it('take a count within its bound as number or as text', () => {
    expect([1, '20', 20].map((value) => countOption(20).parse(value))).toEqual([1, 20, 20]);
    for (const value of [0, 21, '21', '-1', 1.5, '1.5', '', null]) expect(countOption(20).safeParse(value).success).toBe(false);
  });

  it('take labels as a list or as text with commas', () => {
    expect(LabelsOption.parse(['person', ' dog '])).toEqual(['person', 'dog']);
    expect(LabelsOption.parse('person, traffic light')).toEqual(['person', 'traffic light']);
    for (const value of [[], '', 'person,,dog', [1], { person: 1 }, Array(101).fill('x'), 'x,'.repeat(5_000)]) {
      expect(LabelsOption.safeParse(value).success).toBe(false);
    }
  });
});
