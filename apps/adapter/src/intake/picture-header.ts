import type { PictureSize } from '@nightjar/geometry';
import { AppError } from '@nightjar/runtime';
import { maxPicturePixels } from '../engine/protocol.js';

export interface PictureHeader extends PictureSize {
  readonly format: 'jpeg' | 'png' | 'webp';
}

/** Largest picture that is taken in, and so the largest request body. */
export const maxPictureBytes = 32 * 1024 * 1024;

/** Reads the size out of a header, or says that the bytes are something else. */
type HeaderReader = (bytes: Buffer) => PictureHeader | 'other format' | 'truncated';

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** PNG (RFC 2083): the signature, then the IHDR chunk with width and height. */
const readPng: HeaderReader = (bytes) => {
  if (!bytes.subarray(0, 8).equals(pngSignature)) return 'other format';
  if (bytes.length < 24 || bytes.toString('latin1', 12, 16) !== 'IHDR') return 'truncated';
  return { format: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
};

const startOfImage = 0xffd8;
/** Frame headers are SOF0..SOF15 without DHT, JPG and DAC, which lie in the same range. */
const isFrameHeader = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const startOfScan = 0xda;
const endOfImage = 0xd9;

/** JPEG (ITU T.81): segments one after the other, until the frame header with height and width. */
const readJpeg: HeaderReader = (bytes) => {
  if (bytes.length < 3 || bytes.readUInt16BE(0) !== startOfImage || bytes[2] !== 0xff) return 'other format';
  let offset = 2;
  while (offset + 9 <= bytes.length) {
    if (bytes[offset] !== 0xff) return 'truncated';
    const marker = bytes[offset + 1]!;
    if (marker === 0xff) {
      // Any number of fill bytes may stand before a marker.
      offset++;
    } else if (isFrameHeader(marker)) {
      return { format: 'jpeg', height: bytes.readUInt16BE(offset + 5), width: bytes.readUInt16BE(offset + 7) };
    } else if (marker === startOfScan || marker === endOfImage) {
      return 'truncated';
    } else {
      offset += 2 + bytes.readUInt16BE(offset + 2);
    }
  }
  return 'truncated';
};

/** WebP (RFC 9649): a RIFF container whose first chunk is lossy (VP8), lossless (VP8L) or extended (VP8X). */
const readWebp: HeaderReader = (bytes) => {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP') return 'other format';
  if (bytes.length < 30) return 'truncated';
  const chunk = bytes.toString('latin1', 12, 16);
  if (chunk === 'VP8X') return { format: 'webp', width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
  if (chunk === 'VP8L') {
    const packed = bytes.readUInt32LE(21);
    return { format: 'webp', width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) };
  }
  if (chunk === 'VP8 ') return { format: 'webp', width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  return 'truncated';
};

const readers: readonly HeaderReader[] = [readJpeg, readPng, readWebp];

/**
 * Looks at the first bytes of what a caller sent: what kind of picture it is and how large, without decoding anything.
 * @throws AppError `invalid_argument` for an empty body, anything but JPEG, PNG and WebP, a header that breaks off, or too many pixels
 */
export function checkPicture(bytes: Uint8Array): PictureHeader {
  if (bytes.length === 0) throw new AppError('invalid_argument', 'Invalid image: it is empty');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const read of readers) {
    const header = read(buffer);
    if (header === 'other format') continue;
    if (header === 'truncated') throw new AppError('invalid_argument', 'Invalid image: its header is damaged');
    if (header.width === 0 || header.height === 0) throw new AppError('invalid_argument', 'Invalid image: it has no pixels');
    if (header.width * header.height > maxPicturePixels) {
      throw new AppError('invalid_argument', `Invalid image: ${header.width} x ${header.height} pixels are more than ${maxPicturePixels}`);
    }
    return header;
  }
  throw new AppError('invalid_argument', 'Invalid image: not a JPEG, PNG or WebP');
}
