import { z } from 'zod';
import type { FaceRegistry } from '../../faces/face-registry.js';
import { FaceBox } from '../face-detection/face-detection.task.js';
import { describeLargestFace, FaceInput, largestFace, roundSimilarity } from '../face-embedding/described-face.js';
import { defineTask, resultOf, type Task } from '../task.js';

/** Who the largest face of a picture belongs to, among the registered ones. */
export function faceRecognition(faces: FaceRegistry): Task {
  return defineTask({
    name: 'face_recognition',
    description: 'Says which registered person the largest face of a picture belongs to',
    needs: ['face_detector', 'face_descriptor'],
    pictureFields: ['frame'],
    bboxFormat: 'xyxy',
    input: FaceInput,
    output: z.object({
      recognized: z.boolean(),
      person_id: z.string().optional(),
      name: z.string().optional(),
      category: z.string().optional(),
      similarity: z.number().optional(),
      face_bbox: FaceBox.optional(),
      threshold: z.number().optional(),
      message: z.string().optional(),
    }),
    example: {
      input: {},
      body: {
        recognized: true,
        person_id: 'emp-17',
        name: 'Ada Example',
        category: 'employee',
        similarity: 0.74,
        face_bbox: [250, 150, 310, 240],
        threshold: 0.62,
      },
    },
    steps: ({ input }) => [describeLargestFace({ model: input.model })],
    answer: (outcomes, { input }) => {
      const face = largestFace(resultOf(outcomes, 'detect_faces'));
      if (!face) return { body: { recognized: false, message: 'No face found' } };
      const threshold = input.threshold ?? face.threshold;
      const query = { modelFingerprint: face.model.fingerprint, threshold: -1, max: 1 };
      const { matches, comparedCount, otherModelCount } = faces.match(face.descriptor, query);
      const [best] = matches;
      const common = { face_bbox: face.box, threshold };
      if (best && best.similarity >= threshold) {
        const { person_id: personId, name, category } = best.face;
        const similarity = roundSimilarity(best.similarity);
        return { body: { recognized: true, person_id: personId, name, category, similarity, ...common }, model: face.model };
      }
      const message = noMatchMessage({ comparedCount, otherModelCount });
      const nearest = best && { similarity: roundSimilarity(best.similarity) };
      return { body: { recognized: false, ...nearest, ...common, message }, model: face.model };
    },
  });
}

function noMatchMessage({ comparedCount, otherModelCount }: { comparedCount: number; otherModelCount: number }): string {
  if (comparedCount > 0) return 'Face not recognized';
  if (otherModelCount > 0) return 'All registered faces were made with another face model; register them again';
  return 'No faces are registered';
}
