import { describe, expect, it } from '@jest/globals';
import { RequestFingerprint } from './request-fingerprint.js';

const hex = (fingerprint: RequestFingerprint) => Buffer.from(fingerprint.digest()).toString('hex');
const ofBody = (...chunks: string[]) => {
  const fingerprint = new RequestFingerprint('video');
  for (const chunk of chunks) fingerprint.addChunk(Buffer.from(chunk));
  return hex(fingerprint.endBody());
};

describe('the fingerprint of a request', () => {
  it('is the same for the same request, however its body was cut into chunks', () => {
    expect(ofBody('one body')).toBe(ofBody('one ', 'bo', 'dy'));
  });

  it('differs with the route, with any field, and with any byte of the body', () => {
    const fingerprints = [
      hex(new RequestFingerprint('video')),
      hex(new RequestFingerprint('images')),
      hex(new RequestFingerprint('video').add('webhook', '')),
      hex(new RequestFingerprint('video').add('webhook', null)),
      hex(new RequestFingerprint('video').add('webhook', 'a')),
      hex(new RequestFingerprint('video').add('webhoo', 'ka')),
      ofBody('a body'),
      ofBody('a bodz'),
      ofBody(''),
    ];
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
  });
});
