import { describe, expect, it } from '@jest/globals';
import { parseConsumerConfig, parseStreamConfig } from './stream-config.js';

describe('a stream configuration', () => {
  it('fills in what the client left out', () => {
    expect(parseStreamConfig('WORK', { subjects: ['work.>'], retention: 'workqueue' })).toEqual({
      name: 'WORK',
      subjects: ['work.>'],
      retention: 'workqueue',
      storage: 'memory',
      discard: 'old',
      max_msgs: -1,
      max_bytes: -1,
      max_age: 0,
      duplicate_window: 120e9,
    });
  });

  it.each([
    ['storage on disk', { storage: 'file' }],
    ['retention by interest', { retention: 'interest' }],
  ])('refuses %s instead of ignoring it', (_case, fields) => {
    expect(() => parseStreamConfig('WORK', fields)).toThrow(/does not support/);
  });

  it.each(['', 'a.b', 'a b', 'a*'])('refuses the name "%s"', (name) => {
    expect(() => parseStreamConfig(name, {})).toThrow(/stream name/);
  });
});

describe('a consumer configuration', () => {
  it('takes one filter or several', () => {
    expect(parseConsumerConfig('c', { filter_subject: 'a' }).filter_subjects).toEqual(['a']);
    expect(parseConsumerConfig('c', { filter_subjects: ['a', 'b'] }).filter_subjects).toEqual(['a', 'b']);
  });

  it('refuses push delivery and positions it cannot start from', () => {
    expect(() => parseConsumerConfig('c', { deliver_subject: 'x' })).toThrow(/push consumers/);
    expect(() => parseConsumerConfig('c', { deliver_policy: 'by_start_time' })).toThrow(/deliver_policy/);
  });
});
