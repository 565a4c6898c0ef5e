import { z } from 'zod';
import { ModelOption } from '../task-options.js';
import { defineTask, resultOf, type Task } from '../task.js';

const Input = z.object({ model: ModelOption.optional().describe('Embedder to use; default: the configured one') });

const Output = z.object({
  embedding: z.array(z.number()).describe('Pictures that look alike have similar vectors; only vectors of one fingerprint can be compared'),
  embedding_size: z.int().min(1),
});

/** The picture as a vector. Offered where a model folder holds an embedder: none comes with the adapter. */
export function imageEmbedding(): Task {
  return defineTask({
    name: 'image_embedding',
    description: 'Turns a picture into a vector that is near those of similar pictures; needs a model of your own',
    needs: ['embedder'],
    pictureFields: ['frame'],
    bboxFormat: 'ltwh',
    input: Input,
    output: Output,
    example: { input: {}, body: { embedding: [0.0312, -0.118, 0.0725], embedding_size: 3 } },
    steps: ({ input }) => [{ task: 'embed_image', options: { model: input.model } }],
    answer: (outcomes) => {
      const { embedding } = resultOf(outcomes, 'embed_image');
      return { body: { embedding, embedding_size: embedding.length } };
    },
  });
}
