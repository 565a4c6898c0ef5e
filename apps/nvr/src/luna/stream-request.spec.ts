import { describe, expect, it } from '@jest/globals';
import { NewAgent, NewAnalytic, NewStream, parseStatuses, ReplacedStream } from './stream-request.js';

const analytics = [{ analytic_name: 'people_count' }];
const nested = (levels: number) => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 0);

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
    ['with times that there are not', { data: { reference: 'x', timestamp_source: 'dts' }, analytics }],
    ['with a NUL in its parameters', { data: { reference: 'x' }, analytics: [{ ...analytics[0], parameters: { a: ['\0'] } }] }],
    ['with half a character as a name there', { data: { reference: 'x' }, analytics: [{ ...analytics[0], parameters: { '\ud800': 1 } }] }],
    ['with parameters without end', { data: { reference: 'x' }, analytics: [{ ...analytics[0], parameters: { a: nested(64) } }] }],
  ])('is refused %s', (_what, body) => {
    expect(NewStream.safeParse(body).success).toBe(false);
  });

  it.each(['auto', 'pts', 'server', 'frame_rate'] as const)('may name %s as the source of its times', (timestamp_source) => {
    const read = NewStream.parse({ data: { reference: 'rtsp://10.0.0.1/', timestamp_source }, analytics });
    expect(read.data.timestamp_source).toBe(timestamp_source);
  });

  it('may come back with how far its restarts are', () => {
    const chosen = { restart: 0, attempt_count: 3, delay: 5 } as const;
    const shown = { ...chosen, current_attempt: 2, last_attempt_time: null, status: 'disabled' };
    expect(ReplacedStream.parse({ analytics, autorestart: shown }).autorestart).toEqual(chosen);
    expect(ReplacedStream.safeParse({ analytics, autorestart: { ...chosen, tries: 1 } }).success).toBe(false);
  });
});

describe('an analytic', () => {
  it('may have documentation of several lines, and no characters that a terminal obeys', () => {
    expect(NewAnalytic.safeParse({ analytic_name: 'smoke', documentation: '# Smoke\r\n\n\tis seen 💨' }).success).toBe(true);
    for (const documentation of ['a\0b', 'a\u001b[31mb', 'a\ud800b'])
      expect(NewAnalytic.safeParse({ analytic_name: 'smoke', documentation }).success).toBe(false);
  });

  it('has a schema and parameters that can be kept', () => {
    for (const kept of [{}, { a: nested(63) }])
      expect(NewAnalytic.safeParse({ analytic_name: 'smoke', validation_schema: kept }).success).toBe(true);
    for (const unkept of [{ pattern: '\0' }, { a: nested(64) }, { a: nested(50_000) }]) {
      expect(NewAnalytic.safeParse({ analytic_name: 'smoke', validation_schema: unkept }).success).toBe(false);
      expect(NewAnalytic.safeParse({ analytic_name: 'smoke', parameters: unkept }).success).toBe(false);
    }
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
