import type { z } from 'zod';
import { ref, schemaOfInput, type JsonSchema } from './json-schema.js';
import type { ContentDoc, ParameterDoc, ReplyDoc } from './route-doc.js';

export const text: JsonSchema = { type: 'string' };
export const integer: JsonSchema = { type: 'integer' };
export const number: JsonSchema = { type: 'number' };
export const flag: JsonSchema = { type: 'boolean' };
export const moment: JsonSchema = { type: 'string', format: 'date-time' };
export const anyObject: JsonSchema = { type: 'object' };
export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const described = (schema: JsonSchema, description: string): JsonSchema => ({ ...schema, description });
/** Of an object of which some properties may be missing. */
export const partial = (required: Readonly<Record<string, JsonSchema>>, optional: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  required: Object.keys(required),
  properties: { ...required, ...optional },
});

/** A part of the path; it is always there. */
export function pathParameter(name: string, description: string, schema?: JsonSchema): ParameterDoc {
  return { name, in: 'path', description, required: true, ...(schema && { schema }) };
}

/** The query that a route parses with a schema of zod: each of its fields has to be described. */
export function queryParameters<Schema extends z.ZodType>(
  schema: Schema,
  descriptions: Readonly<Record<keyof z.input<Schema> & string, string>>,
): ParameterDoc[] {
  const { properties = {}, required = [] } = schemaOfInput(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: 'query' as const,
    description: (descriptions as Readonly<Record<string, string>>)[name] ?? '',
    schema: property,
    // A default makes it optional, whatever zod says of what it has read.
    ...(required.includes(name) && !('default' in property) && { required: true }),
  }));
}

/** The JSON body that a route parses with a schema of zod. */
export function jsonBody(schema: z.ZodType, examples?: Readonly<Record<string, unknown>>): Readonly<Record<string, ContentDoc>> {
  return { 'application/json': { schema: schemaOfInput(schema), ...(examples && { examples }) } };
}

/** A JSON answer: a schema, or the name of one of the document's. */
export function jsonReply(description: string, schema: JsonSchema | string): ReplyDoc {
  return { description, schema: typeof schema === 'string' ? ref(schema) : schema };
}
