import { AppError } from '@nightjar/runtime/app-error';
import sharp from 'sharp';
import type { PictureSize } from '@nightjar/geometry';
import type { PixelBuffer } from '../backends/onnx/onnx-session.js';
import { maxPicturePixels } from '../engine/protocol.js';

// One picture at a time in this process: more threads would fight with the model's, and a cache would never be hit.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes a JPEG, PNG or WebP and stretches it to a model's input. JPEGs are shrunk while they are decoded, which costs half of
 * a full decode. A picture with an EXIF orientation is turned upright first, as every viewer shows it.
 * @returns the pixels, and the size of the upright picture they were made from
 * @throws AppError `invalid_argument` when the bytes are no picture or a damaged one
 */
export async function readPicture(
  bytes: Uint8Array,
  target: { widthPixels: number; heightPixels: number },
): Promise<{ pixels: PixelBuffer; picture: PictureSize }> {
  try {
    const source = sharp(bytes, { limitInputPixels: maxPicturePixels, failOn: 'error', sequentialRead: true, pages: 1 });
    const { autoOrient } = await source.metadata();
    const { data } = await source
      .autoOrient()
      .resize(target.widthPixels, target.heightPixels, { fit: 'fill', kernel: 'linear' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { pixels: { data, ...target }, picture: { width: autoOrient.width, height: autoOrient.height } };
  } catch (cause) {
    throw new AppError('invalid_argument', 'Invalid image: it cannot be decoded', { cause });
  }
}
