import { describe, expect, it } from '@jest/globals';
import { refuseForeignPages } from '@nightjar/websocket-door';
import { namesLoopback } from './names-loopback.js';

describe('pages that are not ours (T12)', () => {
  it('are refused by their origin', () => {
    for (const origin of ['http://evil.example', 'https://127.0.0.1:5240.evil.example', 'null', ''])
      expect(() => refuseForeignPages({ origin, host: '127.0.0.1:5240' })).toThrow('another site');
  });

  it('let programs, which have no origin, and our own page through', () => {
    expect(() => refuseForeignPages({ host: '127.0.0.1:5240' })).not.toThrow();
    expect(() => refuseForeignPages({ origin: 'http://127.0.0.1:5240', host: '127.0.0.1:5240' })).not.toThrow();
  });

  it('are told from this machine by the name they call it', () => {
    for (const host of ['127.0.0.1:5240', 'localhost', '[::1]:5240', '127.0.0.1']) expect(namesLoopback(host)).toBe(true);
    for (const host of ['evil.example:5240', '127.0.0.1.evil.example', '10.0.0.7:5240', '', undefined])
      expect(namesLoopback(host)).toBe(false);
  });
});
