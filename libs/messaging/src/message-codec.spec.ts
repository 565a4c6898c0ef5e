import { describe, expect, it } from '@jest/globals';
import { headers as newHeaders } from '@nats-io/transport-node';
import { decodeMessage, encodeMessage, jsonBytesHeader } from './message-codec.js';

describe('a message', () => {
  it('without a body is plain JSON that any NATS client reads', () => {
    const headers = newHeaders();
    const bytes = encodeMessage({ a: 'ä' }, undefined, headers);
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({ a: 'ä' });
    expect(headers.get(jsonBytesHeader)).toBe('');
  });

  it('carries bytes beside its JSON', () => {
    const headers = newHeaders();
    const body = Uint8Array.from([0, 255, 13, 10]);
    const decoded = decodeMessage(encodeMessage({ a: 'ä' }, body, headers), headers);
    expect(decoded.json).toEqual({ a: 'ä' });
    expect([...decoded.body]).toEqual([...body]);
  });

  it.each(['99', '-1', '1.5', 'x'])('with a declared JSON length of %s is refused', (length) => {
    const headers = newHeaders();
    headers.set(jsonBytesHeader, length);
    expect(() => decodeMessage(Buffer.from('{}'), headers)).toThrow(SyntaxError);
  });
});
