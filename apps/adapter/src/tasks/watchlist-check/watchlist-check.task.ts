import { z } from 'zod';
import type { FaceRegistry } from '../../faces/face-registry.js';
import { FaceBox } from '../face-detection/face-detection.task.js';
import { describeLargestFace, FaceInput, largestFace, roundSimilarity } from '../face-embedding/described-face.js';
import { defineTask, resultOf, type Task } from '../task.js';

const watchlist = 'watchlist';
const maxMatches = 10;

/** Whether the largest face of a picture belongs to somebody who is registered in category "watchlist". */
export function watchlistCheck(faces: FaceRegistry): Task {
  return defineTask({
    name: 'watchlist_check',
    description: 'Checks the largest face of a picture against the persons registered in category "watchlist"',
    needs: ['face_detector', 'face_descriptor'],
    pictureFields: ['frame'],
    bboxFormat: 'xyxy',
    input: FaceInput,
    output: z.object({
      is_on_watchlist: z.boolean(),
      matches: z.array(z.object({ person_id: z.string(), name: z.string(), category: z.string(), similarity: z.number() })),
      face_bbox: FaceBox.optional(),
      threshold: z.number().optional(),
      message: z.string().optional(),
    }),
    example: {
      input: {},
      body: {
        is_on_watchlist: true,
        matches: [{ person_id: 'w-3', name: 'Max Example', category: 'watchlist', similarity: 0.69 }],
        face_bbox: [250, 150, 310, 240],
        threshold: 0.62,
      },
    },
    steps: ({ input }) => [describeLargestFace({ model: input.model })],
    answer: (outcomes, { input }) => {
      const face = largestFace(resultOf(outcomes, 'detect_faces'));
      if (!face) return { body: { is_on_watchlist: false, matches: [], message: 'No face found' } };
      const threshold = input.threshold ?? face.threshold;
      const query = { modelFingerprint: face.model.fingerprint, threshold, category: watchlist, max: maxMatches };
      const { matches, otherModelCount } = faces.match(face.descriptor, query);
      return {
        body: {
          is_on_watchlist: matches.length > 0,
          matches: matches.map(({ face: { person_id: personId, name, category }, similarity }) => {
            return { person_id: personId, name, category, similarity: roundSimilarity(similarity) };
          }),
          face_bbox: face.box,
          threshold,
          // "Not on the watchlist" must not be said silently of faces that could not be compared.
          ...(otherModelCount > 0 && { message: `${otherModelCount} faces of the watchlist were made with another face model` }),
        },
        model: face.model,
      };
    },
  });
}
