import { AppError } from '@nightjar/runtime/app-error';
import type { AnsweringModel, EngineStep, EngineTaskName } from '../engine/engine-tasks.js';
import type { EngineFailure, EngineResult, EngineWork, ModelKind, StepOutcome } from '../engine/protocol.js';
import { describeModel, type LoadedModel } from '../models/loaded-model.js';
import { Picture } from '../pictures/picture.js';
import type { EngineTask, StepContext, UserTaskSource } from './engine-task.js';
import { engineTaskTable } from './engine-task-table.js';

/** Where a step gets its models. */
export interface ModelSource {
  use(kind: ModelKind, name?: string): Promise<LoadedModel>;
  has(kind: ModelKind, name?: string): boolean;
}

const noUserTasks: UserTaskSource = {
  run: (_context, name) => Promise.reject(new AppError('not_found', `there is no task "${name}"`)),
};

/** Runs the steps of a request in order on its pictures, each decoded once, until one fails. Never throws. */
export async function runWork(
  work: EngineWork,
  models: ModelSource,
  userTasks: UserTaskSource = noUserTasks,
): Promise<{ result: EngineResult; failures: unknown[] }> {
  const pictures = work.pictures.map((bytes) => new Picture(bytes));
  const severalViews = work.steps.length > 1;
  const shared = new Map<string, Promise<unknown>>();
  const previous = new Map<string, unknown>();
  const outcomes: StepOutcome[] = [];
  const failures: unknown[] = [];
  const afterwards: (() => void)[] = [];
  for (const step of work.steps) {
    const pictureIndex = step.pictureIndex ?? 0;
    const picture = pictures[pictureIndex];
    const task = engineTaskTable[step.task] as EngineTask<EngineTaskName>;
    if (severalViews || task.needsPixels) picture?.keepPixels();
    const run = new StepRun({ models, userTasks, picture, previous, shared, sharedPrefix: `${pictureIndex}:`, afterwards });
    try {
      const outcome = await run.perform(task, step);
      outcomes.push(outcome);
      previous.set(step.task, outcome.result);
    } catch (error) {
      failures.push(error);
      outcomes.push(describeFailure(error));
      break;
    }
  }
  for (const finish of afterwards) finish();
  return { result: { steps: outcomes, decodes: pictures.reduce((sum, { decodes }) => sum + decodes, 0) }, failures };
}

/** What the parent learns of an error. What is no AppError came out of a library while it worked on this very request. */
export function describeFailure(error: unknown): EngineFailure {
  if (error instanceof AppError) return { ok: false, code: error.code, message: error.message };
  return { ok: false, code: 'model_error', message: 'the model failed on this picture' };
}

/** One step: notes which models it used and where the time went. */
class StepRun {
  private readonly models: AnsweringModel[] = [];
  private inferMs = 0;

  constructor(
    private readonly parts: {
      models: ModelSource;
      userTasks: UserTaskSource;
      picture: Picture | undefined;
      previous: ReadonlyMap<string, unknown>;
      shared: Map<string, Promise<unknown>>;
      sharedPrefix: string;
      afterwards: (() => void)[];
    },
  ) {}

  async perform(task: EngineTask<EngineTaskName>, { options }: EngineStep): Promise<StepOutcome & { ok: true }> {
    const startedMs = performance.now();
    const { picture } = this.parts;
    const decodedBeforeMs = picture?.spentMs ?? 0;
    const result = await task.run(this.context(), options as never);
    const total = performance.now() - startedMs;
    const decode = (picture?.spentMs ?? 0) - decodedBeforeMs;
    return { ok: true, result, models: this.models, timingsMs: { decode, infer: this.inferMs, total } };
  }

  private context(): StepContext {
    const { models, userTasks, picture, previous, shared, sharedPrefix, afterwards } = this.parts;
    return {
      get picture() {
        if (!picture) throw new AppError('invalid_argument', 'a picture is needed');
        return picture;
      },
      previous,
      userTasks,
      use: async (kind, name) => {
        const model = await models.use(kind, name);
        if (!this.models.some(({ name: known }) => known === model.manifest.name)) this.models.push(describeModel(model));
        return model;
      },
      has: (kind, name) => models.has(kind, name),
      infer: async (run) => {
        const startedMs = performance.now();
        try {
          return await run();
        } finally {
          this.inferMs += performance.now() - startedMs;
        }
      },
      once: <T>(key: string, compute: () => Promise<T>) => {
        const known = shared.get(sharedPrefix + key) as Promise<T> | undefined;
        if (known) return known;
        const value = compute();
        shared.set(sharedPrefix + key, value);
        return value;
      },
      afterwards: (work) => void afterwards.push(work),
    };
  }
}
