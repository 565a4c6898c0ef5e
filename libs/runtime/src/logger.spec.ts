import { describe, expect, it } from '@jest/globals';
import { cleanFields, withoutCredentials } from './logger.js';

describe('a log line', () => {
  it.each([
    ['rtsp://admin:s3cret@10.0.0.5:554/main', 'rtsp://***@10.0.0.5:554/main'],
    ['postgresql://nightjar:pw@127.0.0.1/nightjar', 'postgresql://***@127.0.0.1/nightjar'],
    ['nats://token@127.0.0.1:4222 refused', 'nats://***@127.0.0.1:4222 refused'],
    ['rtsp://admin:p@ss:w@rd@10.0.0.5/main', 'rtsp://***@10.0.0.5/main'],
    ['first rtsp://a:b@10.0.0.5/x, then http://c@10.0.0.6', 'first rtsp://***@10.0.0.5/x, then http://***@10.0.0.6'],
    ['nothing at all', 'nothing at all'],
    ['http://127.0.0.1:8000/livez', 'http://127.0.0.1:8000/livez'],
  ])('%s is written as %s', (text, written) => {
    expect(withoutCredentials(text)).toBe(written);
  });

  it.each(['a', 'a://', '://', '://@', '/'])('takes no longer than its length asks when a stranger fills it with %j', (part) => {
    const startedMs = performance.now();
    withoutCredentials(`Cannot GET /${part.repeat(200_000 / part.length)}`);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('has no secret, by name here or one level below, and is otherwise as it was', () => {
    const fields = { token: 'x', job: { lease: 'y', id: 7 }, list: [1], at: undefined, url: 'http://a:b@c' };
    expect(cleanFields(fields)).toEqual({ token: '***', job: { lease: '***', id: 7 }, list: [1], at: undefined, url: 'http://***@c' });
    expect(cleanFields({ error: new Error('rtsp://a:b@c is away') })).toMatchObject({ error: { message: 'rtsp://***@c is away' } });
  });
});
