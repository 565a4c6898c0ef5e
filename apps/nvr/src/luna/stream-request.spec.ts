import { describe, expect, it } from '@jest/globals';
import { NewAgent, NewStream, parseStatuses } from './stream-request.js';

const analytics = [{ analytic_name: 'people_count' }];

describe('a stream that somebody asks for', () => {
  it('has the documented defaults', () => {
    expect(NewStream.parse({ data: { reference: 'rtsp://10.0.0.1/' }, analytics })).toEqual({
      name: '',
      description: '',
      data: { type: 'tcp', reference: 'rtsp://10.0.0.1/' },
      autorestart: { restart: 1, attempt_count: 10, delay: 60 },
      analytics: [{ analytic_name: 'people_count', parameters: {} }],
      status: 'pending',
    });
  });

  it.each([
    ['without a source', { analytics }],
    ['without analytics', { data: { reference: 'rtsp://10.0.0.1/' }, analytics: [] }],
    ['with an analytic that has neither name nor id', { data: { reference: 'rtsp://10.0.0.1/' }, analytics: [{}] }],
    ['with a name that is a prototype', { data: { reference: 'x' }, analytics: [{ analytic_name: '__proto__' }] }],
    ['with fields that there are not', { data: { reference: 'x' }, analytics, splittable: true }],
    ['of a kind that there is not', { data: { reference: 'x', type: 'exec' }, analytics }],
  ])('is refused %s', (_what, body) => {
    expect(NewStream.safeParse(body).success).toBe(false);
  });
});

describe('statuses', () => {
  it('are names, or the numbers of API 2', () => {
    expect(parseStatuses('1,stop, 0')).toEqual({ statuses: ['in_progress', 'stop', 'pending'] });
    expect(parseStatuses(undefined)).toEqual({ statuses: undefined });
  });

  it('that are none are named', () => {
    for (const word of ['running', '6', '', 'constructor']) expect(parseStatuses(`stop,${word}`)).toEqual({ unknown: word });
  });
});

describe('an agent', () => {
  it('says where it is and what it can', () => {
    expect(NewAgent.safeParse({ name: 'a', port: 5240, analytics: ['people_count'], max_stream_count: 4 }).success).toBe(true);
    expect(NewAgent.safeParse({ name: 'a', port: 5240, host: 'a b', analytics: ['people_count'], max_stream_count: 4 }).success).toBe(
      false,
    );
    expect(NewAgent.safeParse({ name: 'a', port: 0, analytics: ['people_count'], max_stream_count: 4 }).success).toBe(false);
  });
});
