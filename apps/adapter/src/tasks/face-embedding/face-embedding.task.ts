import { z } from 'zod';
import { FaceBox } from '../face-detection/face-detection.task.js';
import { defineTask, resultOf, type Task } from '../task.js';
import { describeLargestFace, FaceInput, requireFace } from './described-face.js';

/** The largest face of a picture as a vector: faces of one person have similar ones. */
export const faceEmbedding: Task = defineTask({
  name: 'face_embedding',
  description: 'Describes the largest face of a picture by a vector of length 1; compare two by their cosine',
  needs: ['face_detector', 'face_descriptor'],
  pictureFields: ['frame'],
  bboxFormat: 'xyxy',
  input: FaceInput.pick({ model: true }),
  output: z.object({
    embedding: z.array(z.number()),
    embedding_size: z.int().min(1),
    face_bbox: FaceBox,
    face_count: z.int().min(1),
    threshold: z.number(),
  }),
  example: {
    input: {},
    body: { embedding: [0.0312, -0.0118], embedding_size: 2, face_bbox: [250, 150, 310, 240], face_count: 1, threshold: 0.62 },
  },
  steps: ({ input }) => [describeLargestFace({ model: input.model })],
  answer: (outcomes) => {
    const face = requireFace(resultOf(outcomes, 'detect_faces'));
    const { descriptor, box, model, threshold, faceCount } = face;
    return {
      body: { embedding: descriptor, embedding_size: descriptor.length, face_bbox: box, face_count: faceCount, threshold },
      model,
    };
  },
});
