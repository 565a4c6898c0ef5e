import { decodeEmbedding } from '../models/decoders/embedding-decoder.js';
import type { EngineTask } from './engine-task.js';
import { readOutputs, runOnWholePicture } from './run-on-whole-picture.js';

/** The picture as a whole as a vector: pictures that look alike have similar ones. */
export const embedImage: EngineTask<'embed_image'> = {
  async run(context, { model: name }) {
    const { model, outputs } = await runOnWholePicture(context, { kind: 'embedder', name });
    const { normalise, outputNames = {} } = model.manifest.decoding;
    const embedding = readOutputs(model, () => decodeEmbedding(outputs, { normalise, outputName: outputNames['embedding'] }));
    return { embedding: Array.from(embedding), picture: await context.picture.size() };
  },
};
