import type { BoxXyxy } from '@nightjar/geometry';
import type { Picture, PixelBuffer } from '../pictures/picture.js';
import type { PictureInput } from './model-manifest.js';

/** A picture in the size of a model's input. */
export interface FittedPicture {
  readonly pixels: PixelBuffer;
  /** From pixels of the model's input to pixels of the upright picture. */
  readonly toPicture: (point: { readonly x: number; readonly y: number }) => { x: number; y: number };
  readonly boxToPicture: (box: BoxXyxy) => BoxXyxy;
}

/**
 * Brings the whole picture into a model's input as the model's manifest asks, and knows the way back for what the model finds.
 * @throws AppError `invalid_argument` when the picture can't be decoded
 */
export async function fitPicture(picture: Picture, input: PictureInput): Promise<FittedPicture> {
  if (input.fit === 'letterbox') {
    const { pixels, scale, leftPixels, topPixels } = await picture.letterbox(input);
    return fitted(pixels, { scaleX: 1 / scale, scaleY: 1 / scale, leftPixels, topPixels });
  }
  const { widthPixels, heightPixels } = input;
  const pixels = await picture.stretch({ widthPixels, heightPixels });
  const { width, height } = await picture.size();
  return fitted(pixels, { scaleX: width / widthPixels, scaleY: height / heightPixels, leftPixels: 0, topPixels: 0 });
}

interface WayBack {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly leftPixels: number;
  readonly topPixels: number;
}

function fitted(pixels: PixelBuffer, { scaleX, scaleY, leftPixels, topPixels }: WayBack): FittedPicture {
  const toPicture: FittedPicture['toPicture'] = ({ x, y }) => ({ x: (x - leftPixels) * scaleX, y: (y - topPixels) * scaleY });
  const boxToPicture: FittedPicture['boxToPicture'] = ({ x1, y1, x2, y2 }) => {
    const from = toPicture({ x: x1, y: y1 });
    const to = toPicture({ x: x2, y: y2 });
    return { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
  };
  return { pixels, toPicture, boxToPicture };
}
