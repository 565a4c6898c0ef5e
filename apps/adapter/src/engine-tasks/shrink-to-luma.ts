import type { EngineTask } from './engine-task.js';

/** A small grey picture for the half that remembers the last one. */
export const shrinkToLuma: EngineTask<'shrink_to_luma'> = {
  async run({ picture }, size) {
    const luma = await picture.luma(size);
    return { luma, picture: await picture.size() };
  },
};
