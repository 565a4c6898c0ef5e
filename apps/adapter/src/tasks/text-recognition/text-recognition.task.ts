import { pixelLtwh } from '@nightjar/geometry';
import { z } from 'zod';
import { roundConfidence } from '../render-detections.js';
import { defineTask, resultOf, type Task } from '../task.js';
import { languageOf } from './language-of.js';

const Line = z.object({
  text: z.string(),
  confidence: z.number().min(0).max(1),
  bbox: z.tuple([z.int(), z.int(), z.int(), z.int()]),
  polygon: z.array(z.tuple([z.int(), z.int()])),
  language_code: z.string(),
});

/** Reads all text on a picture. */
export const textRecognition: Task = defineTask({
  name: 'text_recognition',
  description: 'Reads the text on a picture, line by line',
  needs: ['text_reader'],
  pictureFields: ['frame'],
  bboxFormat: 'ltwh',
  input: z.object({
    model: z.string().max(64).optional().describe('Text reader to use; default: the configured one'),
    min_confidence: z.coerce.number().min(0).max(1).optional().describe('Weaker lines are left out; default: the model’s own limit'),
  }),
  output: z.object({ lines: z.array(Line), full_text: z.string() }),
  example: {
    input: {},
    body: {
      lines: [
        {
          text: 'NO PARKING',
          confidence: 0.97,
          bbox: [120, 80, 310, 42],
          polygon: [
            [120, 80],
            [430, 80],
            [430, 122],
            [120, 122],
          ],
          language_code: 'en',
        },
      ],
      full_text: 'NO PARKING',
    },
  },
  steps: ({ input }) => [{ task: 'read_text', options: { model: input.model, minConfidence: input.min_confidence } }],
  answer: (outcomes) => {
    const { lines, picture } = resultOf(outcomes, 'read_text');
    return {
      body: {
        lines: lines.map(({ text, confidence, box, polygon }) => ({
          text,
          confidence: roundConfidence(confidence),
          bbox: pixelLtwh(box, picture),
          polygon: polygon.map(({ x, y }) => [Math.round(x), Math.round(y)]),
          language_code: languageOf(text),
        })),
        full_text: lines.map(({ text }) => text).join('\n'),
      },
    };
  },
});
