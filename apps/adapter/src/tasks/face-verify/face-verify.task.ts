import { z } from 'zod';
import { FaceBox } from '../face-detection/face-detection.task.js';
import { cosine, describeLargestFace, FaceInput, requireFace, roundSimilarity } from '../face-embedding/described-face.js';
import { defineTask, resultOf, type Task } from '../task.js';

/** Whether two pictures show the same person. */
export const faceVerify: Task = defineTask({
  name: 'face_verify',
  description: 'Compares the largest faces of two pictures: are they the same person?',
  needs: ['face_detector', 'face_descriptor'],
  pictureFields: ['frame1', 'frame2'],
  bboxFormat: 'xyxy',
  input: FaceInput,
  output: z.object({
    is_same_person: z.boolean(),
    similarity: z.number().min(-1).max(1),
    threshold: z.number(),
    face1_bbox: FaceBox,
    face2_bbox: FaceBox,
  }),
  example: {
    input: { threshold: 0.62 },
    body: { is_same_person: true, similarity: 0.71, threshold: 0.62, face1_bbox: [250, 150, 310, 240], face2_bbox: [80, 90, 160, 200] },
  },
  steps: ({ input }) => [0, 1].map((pictureIndex) => describeLargestFace({ model: input.model, pictureIndex })),
  answer: (outcomes, { input }) => {
    const first = requireFace(resultOf(outcomes, 'detect_faces', 0), 'frame1');
    const second = requireFace(resultOf(outcomes, 'detect_faces', 1), 'frame2');
    const similarity = cosine(first, second);
    const threshold = input.threshold ?? first.threshold;
    return {
      body: {
        is_same_person: similarity >= threshold,
        similarity: roundSimilarity(similarity),
        threshold,
        face1_bbox: first.box,
        face2_bbox: second.box,
      },
      model: first.model,
    };
  },
});
