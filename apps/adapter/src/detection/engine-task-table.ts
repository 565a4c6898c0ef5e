import type { EngineTaskName, EngineTasks } from '../engine/protocol.js';
import type { LoadedModel } from '../models/loaded-model.js';
import { detectObjects } from './detect-objects.js';

interface EngineTask<Task extends EngineTaskName> {
  /** Name of the model that does it. */
  readonly model: string;
  readonly run: (call: {
    model: LoadedModel;
    picture: Uint8Array;
    options: EngineTasks[Task]['options'];
  }) => Promise<EngineTasks[Task]['result']>;
}

/** How each task of the protocol is done. */
export const engineTaskTable: { readonly [Task in EngineTaskName]: EngineTask<Task> } = {
  person_detection: {
    model: 'nanodet',
    run: async ({ model, picture, options }) => {
      const detections = await detectObjects(picture, { model, labels: ['person'], minScore: options.minScore });
      const { manifest, fingerprint, precision } = model;
      return { ...detections, model: { name: manifest.name, version: manifest.version, fingerprint, precision } };
    },
  },
};
