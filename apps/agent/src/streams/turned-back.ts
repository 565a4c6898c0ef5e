import type { Rotation } from '@nightjar/contracts';
import type { BoxXyxy } from '@nightjar/geometry';

/**
 * The place of a box in the picture before that was turned.
 * @param box in shares of the turned picture
 * @param rotation by which it was turned, clockwise
 * @returns shares of the camera's own picture
 */
export function turnedBack({ x1, x2, y1, y2 }: BoxXyxy, rotation: Rotation): BoxXyxy {
  switch (rotation) {
    case 0:
      return { x1, y1, x2, y2 };
    case 90:
      return { x1: y1, y1: 1 - x2, x2: y2, y2: 1 - x1 };
    case 180:
      return { x1: 1 - x2, y1: 1 - y2, x2: 1 - x1, y2: 1 - y1 };
    case 270:
      return { x1: 1 - y2, y1: x1, x2: 1 - y1, y2: x2 };
  }
}
