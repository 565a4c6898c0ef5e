import { AppError } from '@nightjar/runtime';

/** More zeros in front of a number than any field of a parameter set has. */
const leadingZerosMax = 31;

/** Reads the fields of a parameter set (H.264 and H.265, 7.2 and 9.1/9.2). Every read throws AppError `unprocessable` behind the end. */
export class BitReader {
  private readonly bytes: Buffer;
  private at = 0;

  /** @param nal a NAL unit; or the begin of one, behind its header */
  constructor(nal: Buffer) {
    this.bytes = withoutEmulationPrevention(nal);
  }

  bit(): number {
    const byte = this.bytes[this.at >> 3];
    if (byte === undefined) throw new AppError('unprocessable', 'a parameter set of the camera is cut off');
    return (byte >> (7 - (this.at++ & 7))) & 1;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** @param count 31 at most */
  bits(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    this.at += count;
  }

  /** `ue(v)`. */
  unsigned(): number {
    let zeros = 0;
    while (this.bit() === 0) if (++zeros > leadingZerosMax) throw new AppError('unprocessable', 'a parameter set of the camera is none');
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** `se(v)`. */
  signed(): number {
    const value = this.unsigned();
    return value % 2 === 1 ? (value + 1) / 2 : -value / 2;
  }
}

/** What the bytes of a NAL unit say, without those that keep start codes out of it (7.3.1.1). */
export function withoutEmulationPrevention(nal: Buffer): Buffer {
  const kept: number[] = [];
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    kept.push(byte);
  }
  return Buffer.from(kept);
}
