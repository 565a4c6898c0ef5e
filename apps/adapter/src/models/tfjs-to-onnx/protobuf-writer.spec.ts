import { describe, expect, it } from '@jest/globals';
import { ProtobufWriter } from './protobuf-writer.js';

const hex = (writer: ProtobufWriter) => writer.finish().toString('hex');

describe('ProtobufWriter', () => {
  // The first two are the examples of the protobuf encoding guide.
  it('writes a varint of several bytes', () => {
    expect(hex(new ProtobufWriter().integer(1, 150))).toBe('089601');
  });

  it('writes a text with its length', () => {
    expect(hex(new ProtobufWriter().text(2, 'testing'))).toBe('120774657374696e67');
  });

  it('writes a negative number in ten bytes', () => {
    expect(hex(new ProtobufWriter().integer(1, -1))).toBe('08ffffffffffffffffff01');
  });

  it('writes a float in little endian and a nested message with its length', () => {
    expect(hex(new ProtobufWriter().float(3, 1))).toBe('1d0000803f');
    expect(hex(new ProtobufWriter().message(3, new ProtobufWriter().integer(1, 150)))).toBe('1a03089601');
  });
});
