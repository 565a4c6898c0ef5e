import { schemaOfInput, schemaOfOutput, type ObjectSchema } from '@nightjar/openapi';
import { z } from 'zod';
import { FrameReference } from '../../intake/frame-reference.js';
import type { Task } from '../../tasks/task.js';
import { SessionFields } from '../legacy/infer-request.js';

/** What every reply of the legacy surface has beside what its task says. */
const ReplyFrame = z.object({
  task: z.string(),
  latency_ms: z.int().min(0).describe('From the receipt of the request to its reply; in a pipeline the time of this step alone'),
  bbox_format: z.enum(['ltwh', 'xyxy']).describe('What the four numbers of a box are: left, top, width, height, or two corners'),
  model_name: z.string().optional(),
  model_version: z.string().optional(),
  model_fingerprint: z.string().optional().describe('Of the weights that answered; other weights, other fingerprint'),
  executed_at: z.int().min(0).describe('Unix time in ms'),
});

/** Of `input` or `data` of a request for a task: its pictures, the session, and what the task itself takes. */
export function inputSchema({ input, pictureFields }: Task): ObjectSchema {
  const own = schemaOfInput(input);
  const frame = schemaOfInput(FrameReference);
  const pictures = Object.fromEntries(pictureFields.map((field) => [field, frame]));
  return {
    ...own,
    type: 'object',
    properties: { ...pictures, ...schemaOfInput(SessionFields).properties, ...own.properties },
    required: [...pictureFields, ...(own.required ?? [])],
  };
}

/** Of the flat reply to a task. */
export function replySchema({ name, output, bboxFormat }: Task): ObjectSchema {
  const frame = schemaOfOutput(ReplyFrame);
  const own = schemaOfOutput(output);
  return {
    ...own,
    properties: { ...frame.properties, ...own.properties, task: { const: name }, bbox_format: { const: bboxFormat } },
    required: [...new Set([...(frame.required ?? []), ...(own.required ?? [])])],
  };
}

/** `person_counting` → `PersonCounting`. */
export function schemaNameOf(task: string): string {
  return task
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
