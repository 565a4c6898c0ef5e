import { z } from 'zod';
import { roundConfidence } from '../render-detections.js';
import { Confidence } from '../reply-fields.js';
import { countOption, ModelOption } from '../task-options.js';
import { defineTask, resultOf, type Task } from '../task.js';

const topDefault = 5;

const Input = z.object({
  model: ModelOption.optional().describe('Classifier to use; default: the configured one'),
  top: countOption(100).optional().describe(`How many classes at most; default: ${topDefault}`),
});

const Output = z.object({
  predictions: z.array(z.object({ label: z.string(), confidence: Confidence, class_id: z.int().min(0) })),
});

/** What the picture as a whole shows. Offered where a model folder holds a classifier: none comes with the adapter. */
export function imageClassification(): Task {
  return defineTask({
    name: 'image_classification',
    description: 'Names what a picture as a whole shows, the surest class first; needs a model of your own',
    needs: ['classifier'],
    pictureFields: ['frame'],
    bboxFormat: 'ltwh',
    input: Input,
    output: Output,
    example: { input: { top: 1 }, body: { predictions: [{ label: 'delivery van', confidence: 0.74, class_id: 3 }] } },
    steps: ({ input }) => [{ task: 'classify_image', options: { model: input.model, top: input.top ?? topDefault } }],
    answer: (outcomes) => {
      const predictions = resultOf(outcomes, 'classify_image').predictions.map(({ label, score, classId }) => ({
        label,
        confidence: roundConfidence(score),
        class_id: classId,
      }));
      return { body: { predictions } };
    },
  });
}
