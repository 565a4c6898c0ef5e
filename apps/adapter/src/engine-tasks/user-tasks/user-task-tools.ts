import { AppError } from '@nightjar/runtime/app-error';
import type { EngineTaskName, EngineTasks } from '../../engine/engine-tasks.js';
import type { Picture } from '../../pictures/picture.js';
import type { EngineTask, StepContext } from '../engine-task.js';

/** What an operator's task is given. */
interface UserTaskTools {
  readonly picture: Picture;
  /** What the caller gave beside the frame, as the manifest's `input` allows it. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Results of the steps before in a pipeline, by engine task. */
  readonly previous: Readonly<Record<string, unknown>>;
  /** Does another engine task on the same picture, e.g. `call('detect_objects', { labels: ['car'] })`. */
  call<Name extends EngineTaskName>(name: Name, options: EngineTasks[Name]['options']): Promise<EngineTasks[Name]['result']>;
  /** Throw it to refuse the input: its text reaches the caller. Any other error is a failure of the task. */
  readonly Refusal: new (message: string) => Error;
}

/** The default export of a task's module. */
export type UserTaskFunction = (tools: UserTaskTools) => unknown;

class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** @returns the tools, and how to tell a refusal from a failure */
export function toolsFor(
  context: StepContext,
  input: Readonly<Record<string, unknown>>,
): { tools: UserTaskTools; isRefusal: (error: unknown) => boolean } {
  const call: UserTaskTools['call'] = async (name, options) => {
    // At run time: the table lists the task of the tasks folder itself, which leads here.
    const { engineTaskTable } = await import('../engine-task-table.js');
    if (name === 'user_task' || !Object.hasOwn(engineTaskTable, name)) throw new AppError('model_error', 'there is no such engine task');
    const task = engineTaskTable[name] as EngineTask<typeof name>;
    if (task.needsPixels) context.picture.keepPixels();
    return task.run(context, options);
  };
  const tools: UserTaskTools = { picture: context.picture, input, previous: Object.fromEntries(context.previous), call, Refusal };
  return { tools, isRefusal: (error) => error instanceof Refusal };
}
