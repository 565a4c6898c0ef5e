import type { InferenceResult } from '@nightjar/contracts';
import type { BoxXyxy } from '@nightjar/geometry';
import sharp from 'sharp';
import { keepFaces, seenFace, type SeenFace } from './seen-face.js';

/** Longest side in pixels. */
const thumbnailSide = 112;
const jpegQuality = 80;
/** Bounds what hundreds of thumbnails take in an outcome; 112 pixels have some 4 KiB. */
const thumbnailBytesMax = 12 * 1024;
/** Around the face, as a share of its longer side: hair and chin make a person known. */
const margin = 0.25;

/** The largest faces of a picture, each with its thumbnail; the picture is decoded once. */
export async function cutOutFaces(jpeg: Uint8Array, found: InferenceResult): Promise<SeenFace[]> {
  const kept = keepFaces(found);
  if (kept.length === 0) return [];
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const faces: SeenFace[] = [];
  for (const each of kept) {
    const { width, height, channels } = info;
    const region = regionAround(each.box, { width, height });
    const thumbnail = await sharp(data, { raw: { width, height, channels } })
      .extract(region)
      .resize({ width: thumbnailSide, height: thumbnailSide, fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: jpegQuality })
      .toBuffer();
    faces.push(seenFace(each, thumbnail.length <= thumbnailBytesMax ? thumbnail : null));
  }
  return faces;
}

/** A square around the face, as far as it lies in the picture; at least a pixel. */
function regionAround(box: BoxXyxy, size: { width: number; height: number }) {
  const [x1, y1, x2, y2] = [box.x1 * size.width, box.y1 * size.height, box.x2 * size.width, box.y2 * size.height];
  const half = Math.max(x2 - x1, y2 - y1) * (0.5 + margin);
  const left = Math.min(Math.max(0, Math.floor((x1 + x2) / 2 - half)), size.width - 1);
  const top = Math.min(Math.max(0, Math.floor((y1 + y2) / 2 - half)), size.height - 1);
  return {
    left,
    top,
    width: Math.max(1, Math.min(Math.ceil(2 * half), size.width - left)),
    height: Math.max(1, Math.min(Math.ceil(2 * half), size.height - top)),
  };
}
