import { describe, expect, it } from '@jest/globals';
import { cleanFields, withoutCredentials } from './logger.js';

describe('a log line', () => {
  it.each([
    ['rtsp://admin:s3cret@10.0.0.5:554/main', 'rtsp://***@10.0.0.5:554/main'],
    ['postgresql://nightjar:pw@127.0.0.1/nightjar', 'postgresql://***@127.0.0.1/nightjar'],
    ['nats://token@127.0.0.1:4222 refused', 'nats://***@127.0.0.1:4222 refused'],
    ['rtsp://admin:p@ss:w@rd@10.0.0.5/main', 'rtsp://***@10.0.0.5/main'],
    ['first rtsp://a:b@10.0.0.5/x, then http://c@10.0.0.6', 'first rtsp://***@10.0.0.5/x, then http://***@10.0.0.6'],
    ['rtsp://10.0.0.5/x?channel=1&User=admin&password=s3cret', 'rtsp://10.0.0.5/x?channel=1&User=***&password=***'],
    ["'rtsp://a:b@10.0.0.5/x?pwd=p;q%26r&subtype=0' refused", "'rtsp://***@10.0.0.5/x?pwd=***&subtype=0' refused"],
    ['rtsp://10.0.0.5/x?usr=a&TOKEN=b&auth=&authority=c#d', 'rtsp://10.0.0.5/x?usr=***&TOKEN=***&auth=***&authority=c#d'],
    ['nothing at all', 'nothing at all'],
    ['http://127.0.0.1:8000/livez', 'http://127.0.0.1:8000/livez'],
  ])('%s is written as %s', (text, written) => {
    expect(withoutCredentials(text)).toBe(written);
  });

  it.each(['a', 'a://', '://', '://@', '/', '?user=', '&&'])(
    'takes no longer than its length asks when a stranger fills it with %j',
    (part) => {
      const before = process.cpuUsage();
      withoutCredentials(`Cannot GET /${part.repeat(200_000 / part.length)}`);
      // Milliseconds, and minutes for a pattern that looks again from each letter on. The time of the CPU: it may be somebody else's turn.
      const { system, user } = process.cpuUsage(before);
      expect((system + user) / 1_000).toBeLessThan(1_000);
    },
  );

  it('has no secret, by name here or one level below, and is otherwise as it was', () => {
    const fields = { token: 'x', job: { lease: 'y', id: 7 }, list: [1], at: undefined, url: 'http://a:b@c' };
    expect(cleanFields(fields)).toEqual({ token: '***', job: { lease: '***', id: 7 }, list: [1], at: undefined, url: 'http://***@c' });
    expect(cleanFields({ error: new Error('rtsp://a:b@c is away') })).toMatchObject({ error: { message: 'rtsp://***@c is away' } });
  });
});
