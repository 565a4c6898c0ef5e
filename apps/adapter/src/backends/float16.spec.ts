import { describe, expect, it } from '@jest/globals';
import { fromFloat16Bits, toFloat16Bits } from './float16.js';

const roundTrip = (value: number) => fromFloat16Bits(Uint16Array.of(toFloat16Bits(value)))[0]!;

describe('16-bit floats', () => {
  it('have the bits of IEEE 754', () => {
    const known: [number, number][] = [
      [0, 0x0000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [0.1, 0x2e66],
      [Infinity, 0x7c00],
      [1e9, 0x7c00],
      [-1e-9, 0x8000],
    ];
    for (const [value, bits] of known) expect(toFloat16Bits(value)).toBe(bits);
    expect(toFloat16Bits(Number.NaN) & 0x7fff).toBeGreaterThan(0x7c00);
  });

  it('round to the nearest, ties to the even one, also where that lifts the exponent', () => {
    expect(roundTrip(1 + 2 ** -11)).toBe(1);
    expect(roundTrip(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
    expect(roundTrip(2 - 2 ** -12)).toBe(2);
    expect(roundTrip(2 ** -25)).toBe(0);
    expect(roundTrip(1.5 * 2 ** -24)).toBe(2 ** -23);
  });

  it('come back as they were, every one of them', () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
    for (const [bits, value] of fromFloat16Bits(all).entries()) {
      if (Number.isNaN(value)) expect(toFloat16Bits(value) & 0x7c00).toBe(0x7c00);
      else if (toFloat16Bits(value) !== bits) throw new Error(`${value} came back from ${bits} as ${toFloat16Bits(value)}`);
    }
  });
});
