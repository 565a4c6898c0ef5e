import type { Clock } from '@nightjar/runtime';
import { z } from 'zod';
import { contractDetections } from '../render-detections.js';
import { defineTask, resultOf, type Task } from '../task.js';
import { countPersons } from './count-persons.js';
import { TrackingSessions } from './tracking-sessions.js';

/** Score from which a detection counts as a person: about 1.5 % of the boxes above it are false on street footage. */
export const personMinScore = 0.45;
/** Weaker ones continue a track that is there: somebody half hidden. */
const weakMinScore = 0.2;

const Detection = z.object({
  bbox: z.tuple([z.int(), z.int(), z.int(), z.int()]),
  confidence: z.number().min(0).max(1),
  track_id: z.int().min(1),
  class_name: z.string(),
});

/** Counts persons, and knows them again on the next picture of the same session. */
export function personCounting(clock: Clock): Task {
  const sessions = new TrackingSessions({
    clock,
    highScore: personMinScore,
    lowScore: weakMinScore,
    lostTrackMs: 30_000,
    sessionTtlMs: 5 * 60_000,
    capacity: 1_000,
  });
  return defineTask({
    name: 'person_counting',
    description: 'Counts persons on a picture and tracks them from picture to picture of one camera',
    needs: ['detector'],
    pictureFields: ['frame'],
    bboxFormat: 'ltwh',
    input: z.object({ model: z.string().max(64).optional().describe('Detector to use; default: the configured one') }),
    output: z.object({
      count: z.int().min(0),
      confidence: z.number().min(0).max(1),
      detections: z.array(Detection),
      tracking: z.literal('local'),
    }),
    example: {
      input: {},
      body: {
        count: 1,
        confidence: 0.89,
        detections: [{ bbox: [100, 200, 50, 150], confidence: 0.89, track_id: 1, class_name: 'person' }],
        tracking: 'local',
      },
    },
    steps: ({ input, session }) => [
      {
        task: 'detect_objects',
        options: { model: input.model, labels: ['person'], minScore: session === undefined ? personMinScore : weakMinScore },
      },
    ],
    answer: (outcomes, { session }) => {
      const { objects, picture } = resultOf(outcomes, 'detect_objects');
      const persons = sessions.update(session, objects);
      return {
        body: { ...countPersons(persons, picture), tracking: 'local' },
        contractResult: {
          count: persons.length,
          ...contractDetections(
            persons.map(({ detection }) => detection),
            { picture, trackIds: persons.map(({ trackId }) => trackId) },
          ),
        },
      };
    },
  });
}
