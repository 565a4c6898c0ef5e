import { z } from 'zod';
import { defineTask, resultOf, type Task } from '../task.js';

/** Says in a sentence what is on a picture. */
export const sceneDescription: Task = defineTask({
  name: 'scene_description',
  description: 'Describes a picture in a sentence: by a caption model where one is configured, else from the objects that were found',
  needs: ['detector'],
  pictureFields: ['frame'],
  bboxFormat: 'ltwh',
  input: z.object({
    model: z.string().max(64).optional().describe('Caption model to use; default: the configured one'),
    max_new_tokens: z.coerce.number().int().min(1).max(256).optional().describe('Longest caption; default: the model’s own'),
  }),
  output: z.object({ caption: z.string(), model_id: z.string(), source: z.enum(['template', 'model']) }),
  example: {
    input: {},
    body: {
      caption: 'Three people in the middle and on the right, one car on the left; a bright scene.',
      model_id: 'nightjar/template-caption',
      source: 'template',
    },
  },
  steps: ({ input }) => [{ task: 'describe_scene', options: { model: input.model, maxNewTokens: input.max_new_tokens } }],
  answer: (outcomes) => {
    const { caption, modelId, source } = resultOf(outcomes, 'describe_scene');
    const device = outcomes[0]?.models[0]?.device ?? 'cpu';
    return {
      body: { caption, model_id: modelId, source },
      contractResult: { caption, model_id: modelId, device, source },
    };
  },
});
