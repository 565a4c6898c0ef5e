import { describe, expect, it } from '@jest/globals';
import { pointsMissing } from './analytic-kinds.js';
import { analyticOf, drawingOf, emptyDrawing, problemsOfParameters, shapeOf, type Analytic, type Drawing } from './drawn-analytic.js';

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
  numbers: { min_dwell_seconds: 2, grace_seconds: 5 },
  direction: 'both',
  schedule: null,
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
          grace_seconds: 5,
        },
      },
    });
  });

  it('is a line with a direction when it is a line', () => {
    const { parameters } = analyticOf({ ...drawing, kind: 'line_crossing', name: '', labels: '', direction: 'a_to_b', numbers: {} });
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

  it('of motion is the whole picture, until a zone is drawn', () => {
    const motion = emptyDrawing('motion');
    expect(analyticOf(motion).parameters).toEqual({ parameters: { threshold: 0.01, min_duration_seconds: 0.5, quiet_seconds: 5 } });
    expect([0, 1, 3].map((drawn) => pointsMissing('motion', drawn))).toEqual([0, 2, 0]);
    expect([0, 1, 3].map((drawn) => pointsMissing('intrusion', drawn))).toEqual([3, 2, 0]);
  });
});

describe('an analytic that is changed', () => {
  const schedule = { timezone: 'Europe/Berlin', intervals: [{ days: ['mon' as const], from: '22:00', to: '06:00' }] };
  const made: Analytic = {
    analytic_name: 'intrusion',
    parameters: {
      targets: ['overview'],
      callbacks: [{ type: 'http', url: 'https://hooks.example.org/yard' }],
      parameters: {
        zone: {
          name: 'yard',
          points: [
            [0, 0],
            [1, 0],
            [1, 1],
          ],
        },
        labels: ['dog'],
        schedule,
        something_new: 1,
      },
    },
  };

  it('is drawn as it was made, with what is usual where nothing was said', () => {
    expect(drawingOf(made)).toEqual({
      kind: 'intrusion',
      name: 'yard',
      points: [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
      labels: 'dog',
      anchor: 'centre',
      numbers: { min_dwell_seconds: 0, grace_seconds: 5 },
      direction: 'both',
      schedule,
    });
  });

  it('keeps what the page does not know of', () => {
    const changed = analyticOf({ ...drawingOf(made)!, name: 'gate', schedule: null }, made);
    expect(changed).toEqual({
      analytic_name: 'intrusion',
      parameters: {
        ...made.parameters,
        parameters: {
          zone: {
            name: 'gate',
            points: [
              [0, 0],
              [1, 0],
              [1, 1],
            ],
          },
          labels: ['dog'],
          schedule: null,
          something_new: 1,
          anchor: 'centre',
          min_dwell_seconds: 0,
          grace_seconds: 5,
        },
      },
    });
  });

  it('is the same as before when nothing is changed, whatever its kind', () => {
    for (const kind of ['motion', 'people_count', 'human_tracking'] as const) {
      const analytic = analyticOf(emptyDrawing(kind));
      expect(analyticOf(drawingOf(analytic)!, analytic)).toEqual(analytic);
    }
    const zone = {
      points: [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
      units: 'pixels',
    };
    expect(drawingOf({ analytic_name: 'intrusion', parameters: { parameters: { zone } } })).toBeUndefined();
    expect(drawingOf({ analytic_name: 'a_plugin', parameters: {} })).toBeUndefined();
    expect(drawingOf({ analytic_name: 'constructor', parameters: {} })).toBeUndefined();
  });
});

describe('what the server finds wrong', () => {
  it('is said at its parameter', () => {
    const text = 'parameters of intrusion: /parameters/min_dwell_seconds must be >= 0; /parameters/schedule/timezone is no time zone';
    expect([...problemsOfParameters(text)]).toEqual([
      ['min_dwell_seconds', 'must be >= 0'],
      ['schedule', 'is no time zone'],
    ]);
    expect(problemsOfParameters('The server cannot be reached.').size).toBe(0);
  });
});
