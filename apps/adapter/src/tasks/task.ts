import type { z } from 'zod';
import type { AnsweringModel, EngineStep, EngineTaskName, EngineTasks } from '../engine/engine-tasks.js';
import type { ModelKind, StepOutcome } from '../engine/protocol.js';

/** Outcomes of the engine steps that a task asked for; all of them went well. */
export type EngineOutcomes = readonly (StepOutcome & { ok: true })[];

/** What a task knows of the request it answers. */
export interface TaskCall<Input> {
  /** What the caller gave beside the pictures, parsed. */
  readonly input: Input;
  /** Whose pictures follow each other, e.g. `camera:front`; undefined: this picture stands alone. */
  readonly session: string | undefined;
  /** Compressed pictures by field name. */
  readonly pictures: ReadonlyMap<string, Uint8Array>;
}

/** What a task says. Surfaces add what every reply has: latency, model, box format. */
export interface TaskAnswer {
  /** Fields of the flat reply (legacy surface, OIP). */
  readonly body: Readonly<Record<string, unknown>>;
  /** `result` of Contract v1; absent: the same as `body`. */
  readonly contractResult?: Readonly<Record<string, unknown>>;
  /** Names another model than the first that the engine used. */
  readonly model?: AnsweringModel | undefined;
}

/**
 * A public analysis task: what goes in, what the engine processes have to do for it, and how that becomes an answer. State that
 * outlives a call (tracks, faces) lives here, in the parent, where it survives an engine process.
 */
export interface Task<Input = unknown> {
  readonly name: string;
  readonly description: string;
  /** Models without which it can't be offered. */
  readonly needs: readonly ModelKind[];
  /** Fields of the request that hold pictures. */
  readonly pictureFields: readonly string[];
  /** Pictures are taken as they come, whatever they are. */
  readonly takesAnyBytes?: boolean;
  /** How boxes of the flat reply are written: left, top, width, height or two corners. */
  readonly bboxFormat: 'ltwh' | 'xyxy';
  /** What a caller may give beside the pictures. Unknown fields are ignored: a pipeline's steps share one `data`. */
  readonly input: z.ZodType<Input>;
  /** Fields of `body`. */
  readonly output: z.ZodType;
  /** For the API document; `input` without pictures. */
  readonly example: { readonly input: Readonly<Record<string, unknown>>; readonly body: Readonly<Record<string, unknown>> };
  /** Picture indices count `pictureFields`. None: the task needs no engine process. */
  steps(call: TaskCall<Input>): readonly EngineStep[];
  /** @throws AppError when the answer is an error, e.g. `not_found` */
  answer(outcomes: EngineOutcomes, call: TaskCall<Input>): TaskAnswer | Promise<TaskAnswer>;
}

/** Keeps the input's type inside, shows a task that takes anything outside: the runner parses before it calls. */
export function defineTask<Input>(task: Task<Input>): Task {
  return task as Task;
}

/** The result of one step, typed by the engine task that it ran. */
export function resultOf<Name extends EngineTaskName>(outcomes: EngineOutcomes, _task: Name, index = 0): EngineTasks[Name]['result'] {
  const outcome = outcomes[index];
  if (!outcome) throw new Error(`the engine gave no outcome ${index}`);
  return outcome.result as EngineTasks[Name]['result'];
}
