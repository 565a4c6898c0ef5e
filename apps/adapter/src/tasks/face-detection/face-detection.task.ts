import { z } from 'zod';
import type { DetectedFace } from '../../engine/engine-tasks.js';
import type { PictureSize } from '@nightjar/geometry';
import { contractBox, pixelXyxy, roundConfidence } from '../render-detections.js';
import { defineTask, resultOf, type Task } from '../task.js';

const Pixel = z.int();
export const FaceBox = z.tuple([Pixel, Pixel, Pixel, Pixel]);

const Face = z.object({
  bbox: FaceBox,
  confidence: z.number().min(0).max(1),
  landmarks: z
    .array(z.tuple([Pixel, Pixel]))
    .length(5)
    .optional(),
  age: z.int().min(0).optional(),
  gender: z.enum(['M', 'F']).optional(),
});

/** Finds faces with their landmarks, age and gender. */
export const faceDetection: Task = defineTask({
  name: 'face_detection',
  description: 'Finds faces, with five landmarks, an estimated age and a gender for each',
  needs: ['face_detector'],
  pictureFields: ['frame'],
  bboxFormat: 'xyxy',
  input: z.object({
    model: z.string().max(64).optional().describe('Face detector to use; default: the configured one'),
    min_confidence: z.coerce.number().min(0).max(1).optional().describe('Weaker faces are left out; default: the model’s own limit'),
  }),
  output: z.object({ faces: z.array(Face), face_count: z.int().min(0) }),
  example: {
    input: {},
    body: {
      faces: [
        {
          bbox: [250, 150, 310, 240],
          confidence: 0.99,
          landmarks: [
            [265, 180],
            [290, 180],
            [277, 200],
            [268, 218],
            [288, 218],
          ],
          age: 28,
          gender: 'M',
        },
      ],
      face_count: 1,
    },
  },
  steps: ({ input }) => [
    { task: 'detect_faces', options: { model: input.model, minScore: input.min_confidence, attributes: true, descriptors: 'none' } },
  ],
  answer: (outcomes) => {
    const { faces, picture } = resultOf(outcomes, 'detect_faces');
    const found = faces.map((face) => describeFace(face, picture));
    const [outcome] = outcomes;
    return {
      body: { faces: found, face_count: found.length },
      contractResult: {
        task: 'face_detection',
        faces: found,
        face_count: found.length,
        model_pack: outcome?.models[0]?.name ?? '',
        // Clients of detectors read this; the pixel boxes above are what face clients read.
        detections: faces.map(({ box, score }) => ({
          label: 'face',
          confidence: roundConfidence(score),
          score: roundConfidence(score),
          bbox: contractBox(box, picture),
          attributes: {},
        })),
        frame_dimensions: { w: picture.width, h: picture.height },
      },
    };
  },
});

function describeFace({ box, score, landmarks, age, gender }: DetectedFace, picture: PictureSize): z.infer<typeof Face> {
  return {
    bbox: pixelXyxy(box, picture),
    confidence: roundConfidence(score),
    ...(landmarks && { landmarks: landmarks.map(({ x, y }): [number, number] => [Math.round(x), Math.round(y)]) }),
    ...(age !== undefined && { age }),
    ...(gender && { gender }),
  };
}
