import { describe, expect, it } from '@jest/globals';
import { eventKeyText, takeGroup } from './report-groups.js';

const groupsOf = (texts: string, groupMax = 10) => {
  const queue = [...texts];
  const groups: string[] = [];
  while (queue.length > 0) groups.push(takeGroup(queue, { groupMax, keyOf: (text) => text }).join(''));
  return groups;
};

describe('reports that are written together', () => {
  it('are all that wait, in the order in which they came', () => {
    expect(groupsOf('abc')).toEqual(['abc']);
  });

  it('are of different events', () => {
    expect(groupsOf('abaacb')).toEqual(['ab', 'a', 'acb']);
  });

  it('are no more than a transaction should hold', () => {
    expect(groupsOf('abcde', 2)).toEqual(['ab', 'cd', 'e']);
  });

  it('are of different events when camera, track or start differ', () => {
    const key = { cameraId: 1, trackId: 'a', startedAt: new Date(5) };
    const others = [key, { ...key, cameraId: 2 }, { ...key, trackId: null }, { ...key, startedAt: new Date(6) }];
    expect(new Set(others.map(eventKeyText)).size).toBe(4);
    expect(eventKeyText({ ...key, startedAt: new Date(5) })).toBe(eventKeyText(key));
  });
});
