import type { UnitCodec } from '../unit-splitter.js';

/** What has to be known of a NAL unit to find the units of a stream, and how a payload carries several or a part of one. */
export interface NalKinds {
  readonly headerBytes: 1 | 2;
  typeOf(header: number): number;
  /** A part of a picture. */
  isPicture(type: number): boolean;
  /** Of a picture where a decoder can start. */
  isKey(type: number): boolean;
  isParameterSet(type: number): boolean;
  /** Whether a part of a picture is its first one. */
  isFirstPart(nal: Buffer): boolean;
  /** The parameter set without which the others say nothing. */
  readonly sequenceParameters: number;
  /** Payload with several NAL units, each behind a length of 16 bits. */
  readonly aggregation: number;
  /** Payload with a part of one. */
  readonly fragment: number;
  /** The first types of payload that are not understood, and those behind them. */
  isForeign(type: number): boolean;
}

/** ITU-T H.264 table 7-1, RFC 6184 5.2; H.265 table 7-1, RFC 7798 4.4. */
export const nalKinds: Readonly<Record<UnitCodec, NalKinds>> = {
  h264: {
    headerBytes: 1,
    typeOf: (header) => header & 0x1f,
    isPicture: (type) => type >= 1 && type <= 5,
    isKey: (type) => type === 5,
    isParameterSet: (type) => type === 7 || type === 8 || type === 13,
    // first_mb_in_slice is 0 (7.3.3), which is written as a single 1.
    isFirstPart: (nal) => ((nal[1] ?? 0) & 0x80) !== 0,
    sequenceParameters: 7,
    aggregation: 24,
    fragment: 28,
    isForeign: (type) => type === 25 || type === 26 || type === 27 || type === 29,
  },
  hevc: {
    headerBytes: 2,
    typeOf: (header) => (header >> 1) & 0x3f,
    isPicture: (type) => type <= 31,
    isKey: (type) => type >= 16 && type <= 21,
    isParameterSet: (type) => type >= 32 && type <= 34,
    // first_slice_segment_in_pic_flag (7.3.6.1).
    isFirstPart: (nal) => ((nal[2] ?? 0) & 0x80) !== 0,
    sequenceParameters: 33,
    aggregation: 48,
    fragment: 49,
    isForeign: (type) => type === 50,
  },
};

const supplementalInformation = 6;
const recoveryPoint = 6;

/**
 * Whether a NAL unit of H.264 says that a decoder can start here though there is no IDR picture: cameras with "intra refresh" or open
 * groups of pictures send this (D.1.8).
 */
export function saysRecoveryPoint(nal: Buffer): boolean {
  if (((nal[0] ?? 0) & 0x1f) !== supplementalInformation) return false;
  let at = 1;
  // A number is the sum of its bytes, of which 255 says that another one follows.
  const readNumber = () => {
    let sum = 0;
    for (; nal[at] === 0xff; at++) sum += 0xff;
    return sum + (nal[at++] ?? 0);
  };
  while (at + 2 < nal.length) {
    const type = readNumber();
    const size = readNumber();
    if (type === recoveryPoint) return true;
    at += size;
  }
  return false;
}
