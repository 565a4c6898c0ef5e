import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SecretBox } from './secret-box.js';

const box = new SecretBox(randomBytes(32).toString('base64'));

describe('a sealed secret', () => {
  it('opens with the same key and purpose', () => {
    expect(box.open(box.seal('grüße', 'camera:1'), 'camera:1')).toBe('grüße');
  });

  it('looks different every time', () => {
    const sealed = Array.from({ length: 1_000 }, () => Buffer.from(box.seal('same', 'p')).toString('hex'));
    expect(new Set(sealed).size).toBe(1_000);
  });

  it('does not open for another purpose, with another key, or after a change', () => {
    const sealed = box.seal('secret', 'camera:1');
    expect(() => box.open(sealed, 'camera:2')).toThrow('cannot be decrypted');
    expect(() => new SecretBox(randomBytes(32).toString('base64')).open(sealed, 'camera:1')).toThrow('cannot be decrypted');
    const changed = Uint8Array.from(sealed);
    changed[changed.length - 1]! ^= 1;
    expect(() => box.open(changed, 'camera:1')).toThrow('cannot be decrypted');
    expect(() => box.open(new Uint8Array(3), 'camera:1')).toThrow('cannot be decrypted');
  });
});
