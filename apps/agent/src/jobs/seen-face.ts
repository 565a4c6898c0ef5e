import type { FaceOnFrame, InferenceResult } from '@nightjar/contracts';
import { boxArea, boxCentre, clipBox, intersectionArea, normaliseBox, xyxyFromLtwh, type BoxXyxy } from '@nightjar/geometry';

/** A face on one picture, kept small: hundreds of pictures of a job have some. */
export interface SeenFace {
  /** As shares of the picture's width and height. */
  box: BoxXyxy;
  /** Share of the picture's area × the detector's confidence: what is large and sure tells most. */
  quality: number;
  /** Years. */
  age: number | undefined;
  gender: 'male' | 'female' | undefined;
  /** Of length 1; empty when the adapter gave none. */
  descriptor: Float32Array;
  /** Small JPEG; null where it could not be cut out. */
  thumbnail: Buffer | null;
}

/** The largest faces of a picture are kept: whoever stands behind them will be nearer on another one, or does not matter. */
const facesKeptMax = 8;
/** How much of a face must lie in the box of the person it belongs to. */
const insideMin = 0.6;
/** Where a head is expected: this share of the person's height below its top, in the middle. */
const headBelowTop = 0.12;

/** The largest faces of an answer, with the boxes that their thumbnails are to be cut from. */
export function keepFaces({ faces = [], picture }: InferenceResult): { face: FaceOnFrame; box: BoxXyxy; quality: number }[] {
  const size = { width: picture.w, height: picture.h };
  return faces
    .map((face) => {
      const [left, top, width, height] = face.bbox;
      const box = normaliseBox(clipBox(xyxyFromLtwh({ left, top, width, height }), size), size);
      return { face, box, quality: boxArea(box) * face.confidence };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .slice(0, facesKeptMax);
}

/** What is kept of a face. */
export function seenFace({ face, box, quality }: ReturnType<typeof keepFaces>[number], thumbnail: Buffer | null): SeenFace {
  const gender = face.gender === undefined ? undefined : ({ M: 'male', F: 'female' } as const)[face.gender];
  return { box, quality, age: face.age, gender, descriptor: Float32Array.from(face.descriptor ?? []), thumbnail };
}

/**
 * Gives each face to the person whose box holds it, the one whose head is expected nearest to it first. A person has one face,
 * and a face one person; a face without a person is nobody's.
 * @param persons boxes as shares of the picture, by whatever names a person
 */
export function assignFaces<Key>(persons: ReadonlyMap<Key, BoxXyxy>, faces: readonly SeenFace[]): Map<Key, SeenFace> {
  const pairs = faces.flatMap((face) =>
    [...persons].flatMap(([person, box]) =>
      intersectionArea(box, face.box) >= insideMin * boxArea(face.box) ? [{ person, face, distance: distanceToHead(box, face.box) }] : [],
    ),
  );
  const assigned = new Map<Key, SeenFace>();
  const taken = new Set<SeenFace>();
  for (const { person, face } of pairs.sort((a, b) => a.distance - b.distance)) {
    if (assigned.has(person) || taken.has(face)) continue;
    assigned.set(person, face);
    taken.add(face);
  }
  return assigned;
}

/** In widths and heights of the face, so that a child in front of an adult keeps its own. */
function distanceToHead(person: BoxXyxy, face: BoxXyxy): number {
  const { x, y } = boxCentre(face);
  const across = (x - (person.x1 + person.x2) / 2) / (face.x2 - face.x1);
  const down = (y - person.y1 - headBelowTop * (person.y2 - person.y1)) / (face.y2 - face.y1);
  return Math.hypot(across, down);
}
