import { inlinePictureBytesMax } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import sharp from 'sharp';

/** Tried in order until one fits into a message: first quality goes, then size. */
const attempts = [
  { longestSide: 1_280, quality: 80 },
  { longestSide: 1_280, quality: 60 },
  { longestSide: 960, quality: 60 },
  { longestSide: 640, quality: 50 },
] as const;

/**
 * Makes a JPEG of ours fit into a message on the bus; one that does already comes back as it is.
 * @throws AppError `payload_too_large` when even the smallest version does not fit, which no 640 pixel JPEG does
 */
export async function fitPicture(jpeg: Uint8Array): Promise<Uint8Array> {
  if (jpeg.length <= inlinePictureBytesMax) return jpeg;
  for (const { longestSide, quality } of attempts) {
    const smaller = await sharp(jpeg)
      .resize({ width: longestSide, height: longestSide, fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality })
      .toBuffer();
    if (smaller.length <= inlinePictureBytesMax) return smaller;
  }
  throw new AppError('payload_too_large', 'the picture does not fit into a message');
}
