import type { EngineTask } from '../engine-task.js';

/** A task of the operator's folder. */
export const runUserTask: EngineTask<'user_task'> = {
  async run(context, { name, input }) {
    return { answer: await context.userTasks.run(context, name, input) };
  },
};
