import { clipBox, type BoxXyxy, type PictureSize } from '@nightjar/geometry';
import type { DetectedObject } from '../engine/engine-tasks.js';

/** Four digits: more would only show float32 noise. */
export function roundConfidence(confidence: number): number {
  return Math.round(confidence * 10_000) / 10_000;
}

/** `[x1, y1, x2, y2]` in whole pixels, inside the picture. */
export function pixelXyxy(box: BoxXyxy, picture: PictureSize): [number, number, number, number] {
  const { x1, y1, x2, y2 } = clipBox(box, picture);
  return [Math.round(x1), Math.round(y1), Math.round(x2), Math.round(y2)];
}

/** Contract v1's box: normalised to 0..1, top left corner and size, never beyond the picture. */
export function contractBox(box: BoxXyxy, picture: PictureSize): { x: number; y: number; w: number; h: number } {
  const { x1, y1, x2, y2 } = clipBox(box, picture);
  const x = x1 / picture.width;
  const y = y1 / picture.height;
  // Never more than what is left: x + w is at most 1 in floating point too.
  return { x, y, w: Math.min(x2 / picture.width - x, 1 - x), h: Math.min(y2 / picture.height - y, 1 - y) };
}

/** Contract v1's DetectionResult. `trackIds` go with the objects by index. */
export function contractDetections(
  objects: readonly DetectedObject[],
  { picture, trackIds }: { picture: PictureSize; trackIds?: readonly number[] },
): { detections: object[]; frame_dimensions: { w: number; h: number } } {
  const detections = objects.map(({ box, label, score, classId }, index) => {
    const confidence = roundConfidence(score);
    const trackId = trackIds?.[index];
    return {
      label,
      confidence,
      // Some clients read the one, some the other.
      score: confidence,
      bbox: contractBox(box, picture),
      ...(trackId === undefined ? {} : { track_id: trackId }),
      attributes: { class_id: classId },
    };
  });
  return { detections, frame_dimensions: { w: picture.width, h: picture.height } };
}
