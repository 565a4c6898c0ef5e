import { describe, expect, it } from '@jest/globals';
import { analyticOf, shapeOf, type Drawing } from './drawn-analytic.js';

const drawing: Drawing = {
  kind: 'intrusion',
  name: ' yard ',
  points: [
    [0.10004, -0.2],
    [0.9, 0.1],
    [0.9, 1.3],
  ],
  labels: 'person, , dog',
  anchor: 'bottom',
  threshold: 2,
  direction: 'both',
};

describe('an analytic that was drawn', () => {
  it('has its zone inside of the picture, and only the parameters of its kind', () => {
    expect(analyticOf(drawing)).toEqual({
      analytic_name: 'intrusion',
      parameters: {
        parameters: {
          zone: {
            name: 'yard',
            points: [
              [0.1, 0],
              [0.9, 0.1],
              [0.9, 1],
            ],
          },
          anchor: 'bottom',
          labels: ['person', 'dog'],
          min_dwell_seconds: 2,
        },
      },
    });
  });

  it('is a line with a direction when it is a line', () => {
    const { parameters } = analyticOf({ ...drawing, kind: 'line_crossing', name: '', labels: '', direction: 'a_to_b' });
    expect(parameters).toEqual({
      parameters: {
        line: { name: 'line_crossing', a: [0.1, 0], b: [0.9, 0.1] },
        count_direction: 'a_to_b',
        anchor: 'bottom',
        labels: ['person'],
      },
    });
  });

  it('is shown where it was drawn', () => {
    expect(shapeOf(analyticOf(drawing))).toMatchObject({ name: 'yard', isLine: false });
    expect(shapeOf(analyticOf({ ...drawing, kind: 'line_crossing' }))).toMatchObject({ isLine: true });
  });

  it.each([
    ['without a shape', {}],
    [
      'in pixels',
      {
        parameters: {
          zone: {
            units: 'pixels',
            points: [
              [1, 1],
              [9, 1],
              [9, 9],
            ],
          },
        },
      },
    ],
    ['with something else in its place', { parameters: { zone: { points: 'all' }, line: 7 } }],
  ])('is not shown %s', (_case, parameters) => {
    expect(shapeOf({ analytic_name: 'motion', parameters })).toBeUndefined();
  });
});
