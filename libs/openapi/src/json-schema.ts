import { z } from 'zod';

/** JSON Schema 2020-12. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

export interface ObjectSchema extends JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** Of what goes in. */
export function schemaOfInput(schema: z.ZodType): ObjectSchema {
  return toJsonSchema(schema, 'input');
}

/** Of what comes out. */
export function schemaOfOutput(schema: z.ZodType): ObjectSchema {
  return toJsonSchema(schema, 'output');
}

/** Reference to a schema of the document. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

/** Of an object whose properties are always there. */
export function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): ObjectSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: withoutIntegerBounds,
  }) as ObjectSchema;
  return rest;
}

/** Zod writes the bounds of JavaScript's whole numbers into every integer. */
function withoutIntegerBounds({ jsonSchema }: { jsonSchema: { minimum?: unknown; maximum?: unknown } }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
