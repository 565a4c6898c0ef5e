import { decodeClassification } from '../models/decoders/classification-decoder.js';
import { readOutputs, runOnWholePicture } from './run-on-whole-picture.js';
import type { EngineTask } from './engine-task.js';

const topUnlessTold = 5;

/** What the picture as a whole shows: the likeliest classes of a classifier, best first. */
export const classifyImage: EngineTask<'classify_image'> = {
  async run(context, { model: name, top = topUnlessTold }) {
    const { model, outputs } = await runOnWholePicture(context, { kind: 'classifier', name });
    const { labels, decoding, defaults } = model.manifest;
    const { activation, outputNames = {} } = decoding;
    const options = { classes: labels.length, topK: top, activation, outputName: outputNames['classes'], minScore: defaults.minScore };
    const classes = readOutputs(model, () => decodeClassification(outputs, options));
    const predictions = classes.map(({ classId, score }) => ({ label: labels[classId] ?? `class ${classId}`, score, classId }));
    return { predictions, picture: await context.picture.size() };
  },
};
