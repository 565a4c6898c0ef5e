import { describe, expect, it } from '@jest/globals';
import { idempotencyKey } from './idempotency-key.js';

describe('an Idempotency-Key', () => {
  it.each(['a', '8e03978e-40d5-43dd-bc93-6894a57f9324', '"quoted, as the draft has it"', '__proto__', '~'.repeat(255)])(
    'is the client’s own: %s',
    (key) => expect(idempotencyKey(key)).toBe(key),
  );

  it('may be absent', () => expect(idempotencyKey(undefined)).toBeUndefined());

  it.each([[''], ['a'.repeat(256)], ['schlüssel'], ['tab\t'], [['a', 'b']]])('is refused when it is %j', (header) => {
    expect(() => idempotencyKey(header)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });
});
