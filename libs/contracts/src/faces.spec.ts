import { describe, expect, it } from '@jest/globals';
import { FaceCategory, FaceDetails, FaceMetadata, FacePersonId, packEmbedding, unpackEmbedding } from './faces.js';

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

describe('a person id', () => {
  it.each(['a', 'emp-42', 'Zoë Ünal', '顔', '__proto__', 'constructor', '🙂', 'می‌خواهم', 'x'.repeat(128)])('may be %j', (id) => {
    expect(FacePersonId.safeParse(id).success).toBe(true);
  });

  it.each(['', ' ', ' a', 'a ', 'a\nb', 'a\0', 'a\ud800', 'a\u202eb', 'a\u2028b', 'x'.repeat(129), 5, null])('may not be %j', (id) => {
    expect(FacePersonId.safeParse(id).success).toBe(false);
  });
});

describe('a category', () => {
  it('is free text and "unknown" where none is given', () => {
    expect(FaceCategory.safeParse('night shift').success).toBe(true);
    const face = { person_id: 'a', name: 'A', model_name: 'm', model_fingerprint: 'f', embedding_size: 64 };
    expect(FaceDetails.parse(face).category).toBe('unknown');
  });
});

describe('metadata', () => {
  it('is a JSON object of at most 8 KiB', () => {
    expect(FaceMetadata.parse({ badge: 7, tags: ['a'] })).toEqual({ badge: 7, tags: ['a'] });
    expect(FaceMetadata.safeParse({ text: 'x'.repeat(8_192 - '{"text":""}'.length) }).success).toBe(true);
    expect(FaceMetadata.safeParse({ text: 'x'.repeat(8_193 - '{"text":""}'.length) }).success).toBe(false);
    expect(FaceMetadata.safeParse({ text: 'ü'.repeat(4_096) }).success).toBe(false);
    for (const other of [[], 'a', null, 1]) expect(FaceMetadata.safeParse(other).success).toBe(false);
  });

  it('is refused when it is nested too deep, without overflowing the stack', () => {
    expect(FaceMetadata.safeParse({ a: nested(15) }).success).toBe(true);
    expect(FaceMetadata.safeParse({ a: nested(16) }).success).toBe(false);
    expect(FaceMetadata.safeParse({ a: nested(100_000) }).success).toBe(false);
  });

  it('can not bring a prototype in', () => {
    const metadata = FaceMetadata.parse(JSON.parse('{"__proto__":{"isAdmin":true},"b":1}')) as Record<string, unknown>;
    expect(metadata['isAdmin']).toBeUndefined();
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });
});

describe('a packed embedding', () => {
  it('is unpacked to the same numbers, wherever it stands in a message', () => {
    const embedding = Float32Array.from({ length: 64 }, (_, index) => Math.fround(Math.sin(index)));
    const message = new Uint8Array(3 + 256);
    message.set(packEmbedding(embedding), 3);
    expect(unpackEmbedding(message.subarray(3), 64)).toEqual(embedding);
  });

  it('is little-endian float32', () => {
    expect([...packEmbedding(Float32Array.of(1))]).toEqual([0, 0, 0x80, 0x3f]);
  });

  it('is refused when it has another length or holds something that is no number', () => {
    const bytes = packEmbedding(new Float32Array(64).fill(1));
    expect(unpackEmbedding(bytes, 65)).toBeUndefined();
    expect(unpackEmbedding(bytes.subarray(1), 64)).toBeUndefined();
    expect(unpackEmbedding(packEmbedding(new Float32Array(64).fill(Number.NaN)), 64)).toBeUndefined();
    expect(unpackEmbedding(packEmbedding(new Float32Array(64).fill(Infinity)), 64)).toBeUndefined();
  });
});
