import { pixelLtwh } from '@nightjar/geometry';
import { z } from 'zod';
import { personMinScore } from '../person-counting/person-counting.task.js';
import { contractDetections, roundConfidence } from '../render-detections.js';
import { Confidence, PixelBox } from '../reply-fields.js';
import { ConfidenceOption, ModelOption } from '../task-options.js';
import { defineTask, resultOf, type Task } from '../task.js';

const Input = z.object({
  model: ModelOption.optional().describe('Detector to use; default: the configured one'),
  min_confidence: ConfidenceOption.optional().describe(`From which confidence a detection is a person; default: ${personMinScore}`),
  confidence_threshold: ConfidenceOption.optional().describe('Another name of "min_confidence"'),
});

const Output = z.object({
  label: z.literal('person'),
  confidence: Confidence.describe('0 when nobody is there'),
  bbox: PixelBox.describe('[0, 0, 0, 0] when nobody is there'),
});

/** Whether somebody is on the picture: the one person that the detector is surest of. */
export function personDetection(): Task {
  return defineTask({
    name: 'person_detection',
    description: 'Finds the person on a picture that the detector is surest of; confidence 0 when nobody is there',
    needs: ['detector'],
    pictureFields: ['frame'],
    bboxFormat: 'ltwh',
    input: Input,
    output: Output,
    example: { input: {}, body: { label: 'person', confidence: 0.92, bbox: [320, 180, 140, 400] } },
    steps: ({ input }) => [
      {
        task: 'detect_objects',
        options: {
          model: input.model,
          labels: ['person'],
          minScore: input.min_confidence ?? input.confidence_threshold ?? personMinScore,
        },
      },
    ],
    answer: (outcomes) => {
      const { objects, picture } = resultOf(outcomes, 'detect_objects');
      const [surest] = objects;
      return {
        body: {
          label: 'person',
          confidence: roundConfidence(surest?.score ?? 0),
          bbox: surest ? pixelLtwh(surest.box, picture) : [0, 0, 0, 0],
        },
        contractResult: contractDetections(objects, { picture }),
      };
    },
  });
}
