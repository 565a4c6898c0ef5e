import { z } from 'zod';
import type { UserTaskStatus } from '../../engine/protocol.js';
import { defineTask, resultOf, type Task } from '../task.js';

const JsonObject = z.record(z.string(), z.unknown());

/** A task of the operator's folder, as the engine processes found it, made a public one. */
export function userTask({ name, description, needs, input, output, example }: UserTaskStatus): Task {
  return defineTask<Record<string, unknown>>({
    name,
    description,
    needs,
    pictureFields: ['frame'],
    bboxFormat: 'ltwh',
    // The engine process took these schemas before it told of the task.
    input: z.fromJSONSchema(input as never) as z.ZodType<Record<string, unknown>>,
    output: z.fromJSONSchema(output as never),
    example,
    steps: (call) => [{ task: 'user_task', options: { name, input: JsonObject.parse(call.input) } }],
    answer: (outcomes) => ({ body: resultOf(outcomes, 'user_task').answer }),
  });
}
