/** The bits of the 16-bit float nearest to a number, ties to the even one; beyond 65504 infinity. */
export function toFloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const rebased = exponent - 127 + 15;
  if (rebased >= 0x1f) return sign | 0x7c00;
  if (rebased > 0) return sign + roundShifted((rebased << 23) | mantissa, 13);
  // Too small for a leading one: the mantissa, with it, moves right instead.
  if (rebased < -10) return sign;
  return sign + roundShifted(mantissa | 0x800000, 14 - rebased);
}

/** The numbers that the bits of 16-bit floats stand for. */
export function fromFloat16Bits(bits: Uint16Array): Float32Array {
  valueOfBits ??= Float32Array.from({ length: 0x10000 }, (_, half) => valueOf(half));
  const table = valueOfBits;
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) values[index] = table[bits[index]!]!;
  return values;
}

const scratch = new DataView(new ArrayBuffer(4));

/** Value of every 16-bit float by its bits: 256 KiB, made when a model first needs it. */
let valueOfBits: Float32Array | undefined;

function valueOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

function roundShifted(value: number, shift: number): number {
  const kept = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}
