import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { suppressNonMaxima, type BoxXyxy } from '@nightjar/geometry';
import { samplePictures } from '@nightjar/testing';
import sharp, { type Sharp } from 'sharp';
import { blazefaceOutputs, decodeBlazeface } from './blazeface-decoder.js';
import { ConvertedSession } from './converted-session.fixture.js';
import type { ScoredFace } from './detector-decoding.js';
import { decodeFacemesh, facemeshOutputs, fiveLandmarks } from './facemesh-decoder.js';
import { decodeFaceres, faceresOutputs, type FaceAttributes } from './faceres-decoder.js';

const detectorPixels = 256;
const meshPixels = 192;
const attributePixels = 224;

/** A picture with a black margin around it, so that a square that leaves the picture can be cut out. */
interface PaddedPicture {
  readonly raw: Buffer;
  readonly width: number;
  readonly height: number;
  readonly margin: number;
}

interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

async function padded(file: string): Promise<PaddedPicture> {
  const margin = 400;
  const { data, info } = await sharp(file)
    .removeAlpha()
    .extend({ top: margin, bottom: margin, left: margin, right: margin, background: '#000' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { raw: data, width: info.width, height: info.height, margin };
}

/** A square around the middle of a box. */
function squareAround({ x1, y1, x2, y2 }: BoxXyxy, factor: number): Square {
  const side = Math.max(x2 - x1, y2 - y1) * factor;
  return { x: (x1 + x2 - side) / 2, y: (y1 + y2 - side) / 2, side };
}

async function cut(picture: PaddedPicture, square: Square, pixels: number, change = (image: Sharp) => image): Promise<Uint8Array> {
  const side = Math.round(square.side);
  const area = { left: Math.round(square.x) + picture.margin, top: Math.round(square.y) + picture.margin, width: side, height: side };
  const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
  const face = sharp(picture.raw, { raw }).extract(area).resize(pixels, pixels, { fit: 'fill' });
  const { data } = await change(sharp(await face.png().toBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return data;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [product, squaresOfA, squaresOfB] = [0, 0, 0];
  a.forEach((value, index) => {
    product += value * b[index]!;
    squaresOfA += value * value;
    squaresOfB += b[index]! * b[index]!;
  });
  return product / Math.sqrt(squaresOfA * squaresOfB);
}

describe('faces on real pictures', () => {
  let detector: ConvertedSession;
  let mesh: ConvertedSession;
  let attributes: ConvertedSession;
  /** By picture, from left to right, in pixels of the picture. */
  const faces: ScoredFace[][] = [];
  const pictures: PaddedPicture[] = [];

  const detect = async (file: string): Promise<ScoredFace[]> => {
    const { width, height } = await sharp(file).metadata();
    const letterbox = { fit: 'contain', position: 'left top', background: '#000' } as const;
    const pixels = await sharp(file).removeAlpha().resize(detectorPixels, detectorPixels, letterbox).raw().toBuffer();
    const decoding = { inputWidthPixels: detectorPixels, inputHeightPixels: detectorPixels, minScore: 0.6 };
    const found = suppressNonMaxima(decodeBlazeface(await detector.run(pixels), decoding), { maxIou: 0.3, scope: 'any-class' });
    const scale = Math.max(width, height) / detectorPixels;
    return found
      .map(({ box, points, ...face }) => ({
        ...face,
        box: { x1: box.x1 * scale, y1: box.y1 * scale, x2: box.x2 * scale, y2: box.y2 * scale },
        points: points.map(({ x, y }) => ({ x: x * scale, y: y * scale })),
      }))
      .sort((a, b) => a.box.x1 - b.box.x1);
  };
  const describeFace = async (picture: number, face: ScoredFace, change?: (image: Sharp) => Sharp): Promise<FaceAttributes> =>
    decodeFaceres(await attributes.run(await cut(pictures[picture]!, squareAround(face.box, 1.4), attributePixels, change)));

  beforeAll(async () => {
    const centred = { channelOrder: 'rgb', mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] } as const;
    const unit = { channelOrder: 'rgb', mean: [0, 0, 0], deviation: [255, 255, 255] } as const;
    detector = await ConvertedSession.open('blazeface-back', { sidePixels: 256, outputs: blazefaceOutputs, normalisation: centred });
    mesh = await ConvertedSession.open('facemesh', { sidePixels: meshPixels, outputs: facemeshOutputs, normalisation: unit });
    attributes = await ConvertedSession.open('faceres', { sidePixels: attributePixels, outputs: faceresOutputs });
    for (const file of samplePictures) {
      pictures.push(await padded(file));
      faces.push(await detect(file));
    }
  });
  afterAll(() => Promise.all([detector, mesh, attributes].map((session) => session.close())));

  it('finds all faces but one, which is seen from the side, and nothing else', () => {
    // There are 3, 3, 3, 4, 5 and 4.
    expect(faces.map(({ length }) => length)).toEqual([3, 2, 3, 4, 5, 4]);
  });

  it('places the landmarks of the detector on the face, image-left first', () => {
    for (const { box, points } of faces.flat()) {
      const [leftEye, rightEye, nose, mouth] = points as [Point, Point, Point, Point];
      expect(leftEye.x).toBeLessThan(rightEye.x);
      expect(mouth.y).toBeGreaterThan(nose.y);
      expect(nose.y).toBeGreaterThan(Math.min(leftEye.y, rightEye.y));
      for (const point of [leftEye, rightEye, nose, mouth]) expect(isInside(point, box, 0.05)).toBe(true);
    }
  });

  it('finds eyes, nose and the corners of the mouth with the mesh, in their order', async () => {
    const presences: number[] = [];
    for (const [picture, found] of faces.entries()) {
      for (const face of found) {
        const square = squareAround(face.box, 1.5);
        const decoded = decodeFacemesh(await mesh.run(await cut(pictures[picture]!, square, meshPixels)));
        presences.push(decoded.presence);
        const [leftEye, rightEye, nose, mouthLeft, mouthRight] = fiveLandmarks(decoded).map(({ x, y }) => ({
          x: square.x + (x * square.side) / meshPixels,
          y: square.y + (y * square.side) / meshPixels,
        })) as [Point, Point, Point, Point, Point];
        expect(leftEye.x).toBeLessThan(rightEye.x);
        expect(mouthLeft.x).toBeLessThan(mouthRight.x);
        expect(Math.min(mouthLeft.y, mouthRight.y)).toBeGreaterThan(nose.y);
        for (const point of [leftEye, rightEye, nose, mouthLeft, mouthRight]) expect(isInside(point, face.box, 0.1)).toBe(true);
        // The detector's own landmarks are a second opinion.
        expect(Math.hypot(nose.x - face.points[2]!.x, nose.y - face.points[2]!.y)).toBeLessThan(square.side * 0.12);
      }
    }
    // The one face that is turned far to the side is none for the mesh.
    expect(presences.filter((presence) => presence > 0.5)).toHaveLength(20);
    expect(presences).toHaveLength(21);
  });

  it('says of every face the age of a grown-up person and the gender that it was labelled with', async () => {
    for (const [picture, found] of faces.entries()) {
      for (const face of found) {
        const { age, gender, genderConfidence } = await describeFace(picture, face);
        expect(age).toBeGreaterThan(14);
        expect(age).toBeLessThan(45);
        expect(gender).toBe('F');
        expect(genderConfidence).toBeGreaterThan(0.3);
      }
    }
  });

  it('tells the persons of one picture apart, and knows a face again that was mirrored, darkened or blurred', async () => {
    const lookAgain: readonly ((image: Sharp) => Sharp)[] = [
      (image) => image.flop(),
      (image) => image.modulate({ brightness: 0.6 }),
      (image) => image.blur(2),
    ];
    let [leastAlike, mostAlike] = [1, -1];
    for (const [picture, found] of faces.entries()) {
      const descriptors = await Promise.all(found.map(async (face) => (await describeFace(picture, face)).descriptor));
      for (const [index, face] of found.entries()) {
        for (const change of lookAgain) {
          const again = await describeFace(picture, face, change);
          leastAlike = Math.min(leastAlike, cosine(descriptors[index]!, again.descriptor));
        }
        for (const other of descriptors.slice(index + 1)) mostAlike = Math.max(mostAlike, cosine(descriptors[index]!, other));
      }
    }
    expect(mostAlike).toBeLessThan(0.62);
    expect(leastAlike).toBeGreaterThan(0.62);
  });
});

type Point = ScoredFace['points'][number];

/** Whether a point lies in a box, or beside it by no more than a share of its size. */
function isInside({ x, y }: Point, { x1, y1, x2, y2 }: BoxXyxy, share: number): boolean {
  const slack = Math.max(x2 - x1, y2 - y1) * share;
  return x >= x1 - slack && x <= x2 + slack && y >= y1 - slack && y <= y2 + slack;
}
