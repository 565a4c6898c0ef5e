import { describe, expect, it } from '@jest/globals';
import { BoundedBytes } from './bounded-bytes.js';

const mebibyte = 1024 * 1024;

describe('BoundedBytes', () => {
  it('joins pieces in a buffer that doubles', () => {
    const bytes = new BoundedBytes({ maxBytes: mebibyte, expectedBytes: 0 });
    const pieces = Array.from({ length: 90 }, (_, index) => Buffer.alloc(1_000 + index, index));
    for (const piece of pieces) bytes.append(piece);
    expect(bytes.take().equals(Buffer.concat(pieces))).toBe(true);
    expect([bytes.length, bytes.capacity]).toEqual([94_005, 131_072]);
  });

  it('T21: believes an announced length up to a mebibyte', () => {
    const capacityFor = (expectedBytes: number) => {
      const bytes = new BoundedBytes({ maxBytes: 32 * mebibyte, expectedBytes });
      bytes.append(Buffer.alloc(10));
      return bytes.capacity;
    };
    expect([0, 10, 5_000, 10 * 1024 ** 3].map(capacityFor)).toEqual([65_536, 10, 5_000, mebibyte]);
  });

  it('ends at the limit, byte for byte', () => {
    const bytes = new BoundedBytes({ maxBytes: 100, expectedBytes: 0 });
    bytes.append(Buffer.alloc(100));
    expect(() => bytes.append(Buffer.alloc(1))).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
    expect(bytes.take()).toHaveLength(100);
    expect(bytes.capacity).toBe(100);
  });
});
