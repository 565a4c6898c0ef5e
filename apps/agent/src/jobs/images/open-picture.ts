import { readFile, stat } from 'node:fs/promises';
import { inlinePictureBytesMax, type PictureSize } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import sharp from 'sharp';
import { fitPicture } from '../../decode/fit-picture.js';

/** A picture of a client, checked and made small enough for the bus. */
export interface OpenedPicture {
  /** As a viewer shows it, the orientation that the file asks for applied; boxes are told in these pixels. */
  size: PictureSize;
  jpeg: Uint8Array;
}

const fileBytesMax = 20 * 1024 * 1024;
const pixelsMax = 50_000_000;
const longestSide = 1_280;
const jpegQuality = 85;
/** A hostile file may cost more time than its size lets expect. */
const decodeSecondsMax = 20;

/** First bytes of what is accepted. SVG, which may refer to other files, and everything exotic is not. */
const signatures: Record<string, (bytes: Uint8Array) => boolean> = {
  jpeg: (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff]),
  png: (bytes) => startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  webp: (bytes) => startsWith(bytes, [0x52, 0x49, 0x46, 0x46]) && startsWith(bytes.subarray(8), [0x57, 0x45, 0x42, 0x50]),
  gif: (bytes) => startsWith(bytes, [0x47, 0x49, 0x46, 0x38]),
};

/**
 * Opens a JPEG, PNG, WebP or GIF (first frame) of at most 20 MiB and 50 million pixels, and shrinks it to a JPEG for the bus.
 * @throws AppError `unprocessable` with `details.jobCode` `not_an_image` or `image_too_large`; `not_found` with `media_missing`
 */
export async function openPicture(file: string): Promise<OpenedPicture> {
  const bytes = await readBounded(file);
  if (!Object.values(signatures).some((matches) => matches(bytes)))
    throw refusal('not_an_image', 'the file is not a JPEG, PNG, WebP or GIF picture');
  try {
    const { width, height, orientation = 1 } = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (width * height > pixelsMax) throw refusal('image_too_large', `the picture has more than ${pixelsMax / 1e6} million pixels`);
    const jpeg = await sharp(bytes, { limitInputPixels: pixelsMax, failOn: 'error', sequentialRead: true })
      .timeout({ seconds: decodeSecondsMax })
      .autoOrient()
      .resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: 'black' })
      .jpeg({ quality: jpegQuality })
      .toBuffer();
    // Orientations 5 to 8 lie on their side.
    const size = orientation >= 5 ? { w: height, h: width } : { w: width, h: height };
    return { size, jpeg: jpeg.length > inlinePictureBytesMax ? await fitPicture(jpeg) : jpeg };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refusal('not_an_image', 'the picture cannot be decoded', error);
  }
}

async function readBounded(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > fileBytesMax) throw refusal('image_too_large', `the picture has more than ${fileBytesMax / 1024 ** 2} MiB`);
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('not_found', 'the picture is not in the media store', { cause, details: { jobCode: 'media_missing' } });
  }
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

function refusal(jobCode: 'not_an_image' | 'image_too_large', message: string, cause?: unknown): AppError {
  return new AppError('unprocessable', message, { cause, details: { jobCode } });
}
