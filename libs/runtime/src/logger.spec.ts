import { describe, expect, it } from '@jest/globals';
import { withoutCredentials } from './logger.js';

describe('a log line', () => {
  it.each([
    ['rtsp://admin:s3cret@10.0.0.5:554/main', 'rtsp://***@10.0.0.5:554/main'],
    ['postgresql://nightjar:pw@127.0.0.1/nightjar', 'postgresql://***@127.0.0.1/nightjar'],
    ['nats://token@127.0.0.1:4222 refused', 'nats://***@127.0.0.1:4222 refused'],
    ['nothing at all', 'nothing at all'],
    ['http://127.0.0.1:8000/livez', 'http://127.0.0.1:8000/livez'],
  ])('%s is written as %s', (text, written) => {
    expect(withoutCredentials(text)).toBe(written);
  });
});
