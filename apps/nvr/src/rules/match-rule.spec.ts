import { describe, expect, it } from '@jest/globals';
import { matchesRule, type RuleConditions } from './match-rule.js';

const all: RuleConditions = { labels: [], eventTypes: [], minScore: null, schedule: null };
const person = { event_type: 'track', label: 'person', score: 0.8, started_at: '2026-01-05T12:00:00.000Z' } as const;

describe('a rule', () => {
  it.each<[string, Partial<RuleConditions>, boolean]>([
    ['without conditions', {}, true],
    ['of its label', { labels: ['car', 'person'] }, true],
    ['of other labels', { labels: ['car'] }, false],
    ['of its type', { eventTypes: ['track'] }, true],
    ['of another type', { eventTypes: ['alarm'] }, false],
    ['with a score that it reaches', { minScore: 0.8 }, true],
    ['with a score that it does not reach', { minScore: 0.81 }, false],
    ['at its time', { schedule: { timezone: 'UTC', times: [{ days: [1], from: '12:00', to: '12:01' }] } }, true],
    ['at another time', { schedule: { timezone: 'UTC', times: [{ days: [2], from: '12:00', to: '12:01' }] } }, false],
  ])('%s tells of an event or not', (_name, conditions, expected) => {
    expect(matchesRule({ ...all, ...conditions }, person)).toBe(expected);
  });

  it('that asks for a label or a score tells of no event that has none', () => {
    const bare = { ...person, label: null, score: null };
    expect([all, { ...all, labels: ['person'] }, { ...all, minScore: 0 }].map((rule) => matchesRule(rule, bare))).toEqual([
      true,
      false,
      false,
    ]);
  });
});
