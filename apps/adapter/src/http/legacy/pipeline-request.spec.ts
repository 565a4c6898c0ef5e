import { describe, expect, it } from '@jest/globals';
import { parsePipelineRequest } from './pipeline-request.js';

const data = { frame: { uri: 'opennvr://camera_warehouse/dark_corner.jpg' } };
const refusal = (body: unknown) => {
  try {
    parsePipelineRequest(body);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('accepted');
};

describe('parsePipelineRequest', () => {
  it('reads the documented request, and "input" in the place of "data"', () => {
    const expected = { steps: ['person_detection', 'scene_description'], data };
    expect(parsePipelineRequest({ steps: ['person_detection', 'scene_description'], data })).toEqual(expected);
    expect(parsePipelineRequest({ steps: ['person_detection', 'scene_description'], input: data })).toEqual(expected);
  });

  it.each([
    [undefined],
    [null],
    ['text'],
    [[]],
    [{}],
    [{ data }],
    [{ steps: [], data }],
    [{ steps: 'person_detection', data }],
    [{ steps: [''], data }],
    [{ steps: [['person_detection']], data }],
    [{ steps: ['person_detection', null], data }],
    [{ steps: { 0: 'person_detection', length: 1 }, data }],
    [{ steps: Array(17).fill('person_detection'), data }],
  ])('refuses steps like %j', (body) => {
    expect(refusal(body)).toBe("Missing or invalid 'steps' array");
  });

  it.each([[undefined], [null], ['text'], [[data]], [7]])('refuses data like %j', (given) => {
    expect(refusal({ steps: ['person_detection'], data: given })).toBe("Missing or invalid 'data'");
  });

  it('takes sixteen steps', () => {
    expect(parsePipelineRequest({ steps: Array(16).fill('identity'), data }).steps).toHaveLength(16);
  });
});
