import sharp from 'sharp';
import type { ImageRetainPolicy } from './callback-parameters.js';

/** A frame as the picture of an event: no longer side than asked for, never enlarged. @throws what the encoder throws */
export async function overviewPicture(jpeg: Uint8Array, { mimetype, quality, max_size: side }: ImageRetainPolicy): Promise<Buffer> {
  const picture = sharp(jpeg).resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
  return (mimetype === 'PNG' ? picture.png() : picture.jpeg({ quality: Math.max(1, Math.round(quality * 100)) })).toBuffer();
}
