import { pixelLtwh } from '@nightjar/geometry';
import { z } from 'zod';
import { contractBox, roundConfidence } from '../render-detections.js';
import { defineTask, resultOf, type Task } from '../task.js';

const Box = z.tuple([z.int(), z.int(), z.int(), z.int()]);
const Plate = z.object({
  plate_text: z.string(),
  confidence: z.number().min(0).max(1),
  accepted: z.boolean(),
  bbox: Box,
  vehicle_bbox: Box,
});

/** Reads number plates of vehicles. */
export const licensePlateRecognition: Task = defineTask({
  name: 'license_plate_recognition',
  description: 'Reads number plates of the vehicles on a picture and says when a reading is not sure',
  needs: ['detector', 'text_reader'],
  pictureFields: ['frame'],
  bboxFormat: 'ltwh',
  input: z.object({
    model: z.string().max(64).optional().describe('Text reader to use; default: the configured one'),
    min_confidence: z.coerce.number().min(0).max(1).optional().describe('Readings below are not accepted; default 0.8'),
  }),
  output: z.object({ plates: z.array(Plate) }),
  example: {
    input: {},
    body: {
      plates: [{ plate_text: 'BAB1234', confidence: 0.93, accepted: true, bbox: [410, 620, 120, 30], vehicle_bbox: [300, 400, 380, 290] }],
    },
  },
  steps: ({ input }) => [{ task: 'read_plates', options: { model: input.model, minConfidence: input.min_confidence } }],
  answer: (outcomes) => {
    const { plates, picture, minConfidence } = resultOf(outcomes, 'read_plates');
    const [best] = plates;
    const model = outcomes[0]?.models[0];
    const told = plates.map(({ text, confidence, accepted, box, vehicle }) => ({
      plate_text: text,
      confidence: roundConfidence(confidence),
      accepted,
      bbox: pixelLtwh(box, picture),
      vehicle_bbox: pixelLtwh(vehicle.box, picture),
    }));
    return {
      body: { plates: told },
      contractResult: {
        plate_text: best?.text ?? '',
        confidence: best ? roundConfidence(best.confidence) : 0,
        // The reader scores lines, not characters: each has its line's.
        characters: [...(best?.text ?? '')].map((char) => ({ char, confidence: roundConfidence(best?.confidence ?? 0) })),
        accepted: best?.accepted ?? false,
        min_confidence_applied: minConfidence,
        model_id: model?.name ?? '',
        plate_detection: best ? contractBox(best.box, picture) : null,
        plates: told,
      },
      model,
    };
  },
});
