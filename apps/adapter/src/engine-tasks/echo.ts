import { createHash } from 'node:crypto';
import type { EngineTask } from './engine-task.js';

/** Says what arrived, without looking into it: what the way to an engine process and back costs. */
export const echo: EngineTask<'echo'> = {
  run: ({ picture: { compressed } }) =>
    Promise.resolve({ sizeBytes: compressed.length, sha256: createHash('sha256').update(compressed).digest('hex') }),
};
