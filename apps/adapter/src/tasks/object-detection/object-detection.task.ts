import { pixelLtwh } from '@nightjar/geometry';
import { z } from 'zod';
import { contractDetections, roundConfidence } from '../render-detections.js';
import { Confidence, PixelBox } from '../reply-fields.js';
import { ConfidenceOption, LabelsOption, ModelOption } from '../task-options.js';
import { defineTask, resultOf, type Task } from '../task.js';

const Input = z.object({
  model: ModelOption.optional().describe('Detector to use; default: the configured one'),
  labels: LabelsOption.optional().describe('Only objects with these labels; default: all'),
  classes: LabelsOption.optional().describe('Another name of "labels"'),
  min_confidence: ConfidenceOption.optional().describe("Weaker objects are left out; default: the model's"),
  confidence_threshold: ConfidenceOption.optional().describe('Another name of "min_confidence"'),
});

const Output = z.object({
  count: z.int().min(0),
  detections: z.array(z.object({ bbox: PixelBox, confidence: Confidence, label: z.string(), class_id: z.int().min(0) })),
});

/** Finds every object of the classes that the detector knows. */
export function objectDetection(): Task {
  return defineTask({
    name: 'object_detection',
    description: 'Finds objects on a picture: boxes, labels and confidences, the surest first',
    needs: ['detector'],
    pictureFields: ['frame'],
    bboxFormat: 'ltwh',
    input: Input,
    output: Output,
    example: {
      input: { labels: ['person', 'car'], min_confidence: 0.4 },
      body: { count: 1, detections: [{ bbox: [412, 230, 180, 96], confidence: 0.81, label: 'car', class_id: 2 }] },
    },
    steps: ({ input }) => [
      {
        task: 'detect_objects',
        options: {
          model: input.model,
          labels: input.labels ?? input.classes,
          refuseUnknownLabels: true,
          minScore: input.min_confidence ?? input.confidence_threshold,
        },
      },
    ],
    answer: (outcomes) => {
      const { objects, picture, candidates } = resultOf(outcomes, 'detect_objects');
      const detections = objects.map(({ box, label, score, classId }) => ({
        bbox: pixelLtwh(box, picture),
        confidence: roundConfidence(score),
        label,
        class_id: classId,
      }));
      return {
        body: { count: detections.length, detections },
        contractResult: { ...contractDetections(objects, { picture }), raw_prediction_count: candidates },
      };
    },
  });
}
