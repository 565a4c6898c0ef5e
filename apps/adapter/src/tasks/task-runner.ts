import type { Lane } from '@nightjar/contracts';
import { AppError, toAppError } from '@nightjar/runtime';
import { z } from 'zod';
import type { EnginePool } from '../engine/engine-pool.js';
import type { AnsweringModel, EngineStep } from '../engine/engine-tasks.js';
import type { EngineResult, StepTimingsMs } from '../engine/protocol.js';
import { withoutLongTexts } from '../intake/base64-text.js';
import { checkPicture } from '../intake/picture-header.js';
import type { EngineOutcomes, Task, TaskAnswer, TaskCall } from './task.js';

interface TaskRequest {
  /** In order; every task sees the same pictures, which are decoded once. */
  readonly tasks: readonly Task[];
  /** What the caller gave beside the pictures; each task takes what it knows. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Compressed pictures by field name: all fields of all tasks. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
  readonly session: string | undefined;
  /** Who asks; those who wait take turns by it. */
  readonly turn: string;
  readonly lane: Lane;
  /** Waiting and running together. */
  readonly timeoutMs: number;
  /** Asked for the signal only when an engine process has something to do. */
  readonly caller: { readonly signal: AbortSignal };
}

export interface TaskSuccess extends TaskAnswer {
  readonly ok: true;
  readonly task: Task;
  readonly model: AnsweringModel | undefined;
  readonly timingsMs: StepTimingsMs;
  /** Until an engine process began with the request. */
  readonly waitedMs: number;
}

export type TaskOutcome = TaskSuccess | { readonly ok: false; readonly task: Task; readonly error: AppError };

/** A task with its parsed call and the engine steps it needs. */
interface PlannedTask {
  readonly task: Task;
  readonly call: TaskCall<unknown>;
  readonly steps: readonly EngineStep[];
}

const noTime: StepTimingsMs = { decode: 0, infer: 0, total: 0 };

/** Learns of every task that was run, with the time since its request began. */
type ObserveTask = (outcome: TaskOutcome, elapsedMs: number) => void;

/** Runs public tasks: checks what came in, asks the engine once for all of it, and lets each task make its answer. */
export class TaskRunner {
  constructor(
    private readonly pool: EnginePool,
    private readonly observe: ObserveTask = () => undefined,
  ) {}

  /** Runs one task. @throws AppError `invalid_argument`, or what the engine or the task says */
  async runOne(request: Omit<TaskRequest, 'tasks'> & { task: Task }): Promise<TaskSuccess> {
    const { outcomes } = await this.run({ ...request, tasks: [request.task] });
    const [outcome] = outcomes;
    if (!outcome) throw new Error('a task without an outcome');
    if (!outcome.ok) throw outcome.error;
    return outcome;
  }

  /**
   * Runs tasks one after the other until one fails, whose outcome is the last.
   * @returns outcomes in the tasks' order, and how often pictures were decoded
   * @throws AppError `invalid_argument` before any work, `overloaded`, `deadline_exceeded`, `cancelled`
   */
  async run(request: TaskRequest): Promise<{ outcomes: TaskOutcome[]; decodes: number }> {
    const { tasks, pictures, lane, turn, timeoutMs, caller } = request;
    const startedMs = performance.now();
    const fields = [...pictures.keys()];
    const planned = tasks.map((task) => plan(task, request));
    const steps = planned.flatMap(({ steps, task }) => steps.map((step) => withPictureIndex(step, task, fields)));
    const result: EngineResult & { readonly waitedMs: number } =
      steps.length === 0
        ? { steps: [], decodes: 0, waitedMs: 0 }
        : await this.pool.run({ work: { steps, pictures: [...pictures.values()] }, lane, turn, timeoutMs, signal: caller.signal });
    const outcomes: TaskOutcome[] = [];
    let next = 0;
    for (const { task, call, steps: own } of planned) {
      const outcome = await answer(task, call, { outcomes: result.steps.slice(next, next + own.length), waitedMs: result.waitedMs });
      next += own.length;
      this.observe(outcome, performance.now() - startedMs);
      outcomes.push(outcome);
      if (!outcome.ok) break;
    }
    return { outcomes, decodes: result.decodes };
  }
}

/** @throws AppError `invalid_argument` when a picture is missing or damaged, or the input is not what the task takes */
function plan(task: Task, { data, pictures, session }: TaskRequest): PlannedTask {
  for (const field of task.pictureFields) {
    const picture = pictures.get(field);
    if (!picture) throw new AppError('invalid_argument', `Missing '${field}'`);
    if (!task.takesAnyBytes) checkPicture(picture);
  }
  const input = task.input.safeParse(withoutLongTexts(data, task.pictureFields));
  if (!input.success) throw new AppError('invalid_argument', `Invalid input: ${describeIssues(input.error)}`);
  const call = { input: input.data, session, pictures };
  return { task, call, steps: task.steps(call) };
}

function withPictureIndex(step: EngineStep, task: Task, fields: readonly string[]): EngineStep {
  const field = task.pictureFields[step.pictureIndex ?? 0];
  return field === undefined ? step : { ...step, pictureIndex: fields.indexOf(field) };
}

async function answer(
  task: Task,
  call: TaskCall<unknown>,
  { outcomes, waitedMs }: { outcomes: EngineResult['steps']; waitedMs: number },
): Promise<TaskOutcome> {
  const failure = outcomes.find((outcome) => !outcome.ok);
  if (failure) return { ok: false, task, error: new AppError(failure.code, failure.message) };
  const done = outcomes as EngineOutcomes;
  try {
    const answered = await task.answer(done, call);
    const model = answered.model ?? done.flatMap(({ models }) => models)[0];
    const timingsMs = done.map((outcome) => outcome.timingsMs).reduce(addTimes, noTime);
    return { ok: true, task, ...answered, model, timingsMs, waitedMs };
  } catch (thrown) {
    return { ok: false, task, error: toAppError(thrown) };
  }
}

function addTimes(a: StepTimingsMs, b: StepTimingsMs): StepTimingsMs {
  return { decode: a.decode + b.decode, infer: a.infer + b.infer, total: a.total + b.total };
}

export function describeIssues(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
}
