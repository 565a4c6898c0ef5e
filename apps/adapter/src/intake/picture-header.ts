import type { PictureSize } from '@nightjar/geometry';
import { AppError } from '@nightjar/runtime';
import { maxPicturePixels } from '../engine/protocol.js';
import { readJpegHeader } from './jpeg-header.js';
import { readPngHeader } from './png-header.js';

interface PictureHeader extends PictureSize {
  readonly format: 'jpeg' | 'png' | 'webp';
}

/** Largest picture that is taken in, and so the largest request body. */
export const maxPictureBytes = 32 * 1024 * 1024;

/** Longest side. Decoders hold some rows at a time, and 400 kB of PNG with rows of ten million pixels cost them 3 GB. */
const maxPictureSidePixels = 16_384;

/** What a decoder may have to hold of a picture whose rows don't come one after the other: four bytes of each pixel. */
const maxHeldBytes = 4 * maxPicturePixels;

/** Each scan of a JPEG takes the decoder through all of the picture: 400 kB in thousands of them keep it busy for a minute. */
const maxScans = 64;

/** What a PNG's texts may be packed to: a thousandth of what they may become. Four megabytes of it became 1.8 GB. */
const maxPackedTextBytes = 64 * 1024;

interface RawHeader extends PictureHeader {
  /** Bytes that a decoder holds of the picture, beyond a few rows. */
  readonly heldBytes: number;
  readonly scans?: number;
  readonly packedTextBytes?: number;
}

/** Reads the size out of a header, or says that the bytes are something else. */
type HeaderReader = (bytes: Buffer) => RawHeader | 'other format' | 'damaged';

const readJpeg: HeaderReader = (bytes) => {
  const header = readJpegHeader(bytes) ?? 'damaged';
  return typeof header === 'string' ? header : { format: 'jpeg', ...header };
};

const readPng: HeaderReader = (bytes) => {
  const header = readPngHeader(bytes) ?? 'damaged';
  return typeof header === 'string' ? header : { format: 'png', ...header };
};

const vp8StartCode = 0x2a019d;
const vp8lSignature = 0x2f;

/**
 * WebP (RFC 9649): a RIFF container whose first chunk is lossy (VP8), lossless (VP8L) or extended (VP8X). What a decoder holds is
 * four bytes a pixel at most.
 */
const readWebp: HeaderReader = (bytes) => {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP') return 'other format';
  if (bytes.length < 30) return 'damaged';
  const size = readWebpSize(bytes, bytes.toString('latin1', 12, 16));
  return size ? { format: 'webp', ...size, heldBytes: 0 } : 'damaged';
};

function readWebpSize(bytes: Buffer, chunk: string): PictureSize | undefined {
  if (chunk === 'VP8X') return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
  if (chunk === 'VP8L' && bytes[20] === vp8lSignature) {
    const packed = bytes.readUInt32LE(21);
    return { width: 1 + (packed & 0x3fff), height: 1 + ((packed >>> 14) & 0x3fff) };
  }
  const isKeyFrame = (bytes[20]! & 1) === 0 && bytes.readUIntLE(23, 3) === vp8StartCode;
  if (chunk === 'VP8 ' && isKeyFrame) return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  return undefined;
}

const readers: readonly HeaderReader[] = [readJpeg, readPng, readWebp];

const invalid = (reason: string) => new AppError('invalid_argument', `Invalid image: ${reason}`);

/**
 * Looks at the first bytes of what a caller sent: what kind of picture it is and how large, without decoding anything.
 * @throws AppError `invalid_argument` for an empty body, anything but JPEG, PNG and WebP, a header that is damaged, or a picture
 *   that is too large to decode
 */
export function checkPicture(bytes: Uint8Array): PictureHeader {
  if (bytes.length === 0) throw invalid('it is empty');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const read of readers) {
    const header = read(buffer);
    if (header === 'other format') continue;
    if (header === 'damaged') throw invalid('its header is damaged');
    refuseTooLarge(header);
    return { format: header.format, width: header.width, height: header.height };
  }
  throw invalid('not a JPEG, PNG or WebP');
}

function refuseTooLarge({ width, height, heldBytes, scans = 1, packedTextBytes = 0 }: RawHeader): void {
  if (width === 0 || height === 0) throw invalid('it has no pixels');
  if (width * height > maxPicturePixels) throw invalid(`${width} x ${height} pixels are more than ${maxPicturePixels}`);
  if (Math.max(width, height) > maxPictureSidePixels)
    throw invalid(`a side of ${width} x ${height} pixels is over ${maxPictureSidePixels}`);
  if (heldBytes > maxHeldBytes) throw invalid(`decoding it takes more than ${maxHeldBytes} bytes, since its rows are not in order`);
  if (scans > maxScans) throw invalid(`it comes in more than ${maxScans} scans`);
  if (packedTextBytes > maxPackedTextBytes) throw invalid(`it has more than ${maxPackedTextBytes} bytes of packed text`);
}
