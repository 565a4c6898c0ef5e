import { z } from 'zod';
import { modelKinds } from '../../engine/protocol.js';

const JsonObject = z.record(z.string(), z.unknown());

/** A JSON Schema of an object: whether it can be used is tried when the manifest is read. */
const ObjectSchema = JsonObject.refine(({ type }) => type === 'object', 'must be a JSON Schema of type "object"').refine((schema) => {
  try {
    z.fromJSONSchema(schema);
    return true;
  } catch {
    return false;
  }
}, 'is no JSON Schema that can be used (references to other documents are not followed)');

/** A `task.json`: what an operator's task is called, takes and gives. */
export const TaskManifest = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be 1 to 64 characters of a-z 0-9 _ and begin with a letter'),
  version: z.string().min(1).max(64).default('1'),
  description: z.string().max(500).default(''),
  /** JavaScript module beside the manifest, whose default export does the task. */
  module: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*\.m?js$/, 'must be the name of a .mjs or .js file beside task.json')
    .default('task.mjs'),
  /** Kinds of models without which it can't be offered. */
  needs: z.array(z.enum(modelKinds)).max(modelKinds.length).default([]),
  /** What callers give beside the frame. */
  input: ObjectSchema.default({ type: 'object' }),
  /** What the task answers. */
  output: ObjectSchema.default({ type: 'object' }),
  example: z.strictObject({ input: JsonObject.default({}), body: JsonObject.default({}) }).prefault({}),
});
export type TaskManifest = z.infer<typeof TaskManifest>;
