import { z } from 'zod';
import { shown, unsupportedGraph } from './unsupported-graph.js';

/** Far beyond any model there is: the largest of the built-in package has 2,140 nodes in 0.9 MB. */
const maxBytes = 64 * 1024 * 1024;
const maxNodes = 100_000;
const maxInputs = 4_096;
const maxRank = 8;

const Integer = z
  .union([z.number(), z.string().regex(/^-?\d{1,19}$/)])
  .transform(Number)
  .refine(Number.isInteger, 'an integer was expected');

export const Attribute = z.object({
  s: z.string().optional(),
  i: Integer.optional(),
  f: z.number().optional(),
  b: z.boolean().optional(),
  type: z.string().optional(),
  shape: z
    .object({
      dim: z
        .array(z.object({ size: Integer }))
        .max(maxRank)
        .optional(),
      unknownRank: z.boolean().optional(),
    })
    .optional(),
  list: z.object({ i: z.array(Integer).max(maxInputs).optional(), s: z.array(z.string()).max(maxInputs).optional() }).optional(),
});
export type Attribute = z.infer<typeof Attribute>;

export const NodeDefinition = z.object({
  name: z.string().min(1),
  op: z.string(),
  input: z.array(z.string()).max(maxInputs).default([]),
  attr: z.record(z.string(), Attribute).default({}),
});
export type NodeDefinition = z.infer<typeof NodeDefinition>;

const Signature = z.object({ outputs: z.record(z.string(), z.object({ name: z.string() })) });

/** `group1-shard1of3.bin`, at most in a folder below the graph. Nothing that leads out of it. */
const WeightFile = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/, 'no plain file name');

export const WeightEntry = z.object({
  name: z.string(),
  shape: z.array(z.number().int().min(0)).max(maxRank),
  dtype: z.enum(['float32', 'int32', 'bool']),
  quantization: z
    .object({ dtype: z.enum(['float16', 'uint8', 'uint16']), scale: z.number().optional(), min: z.number().optional() })
    .optional(),
});
export type WeightEntry = z.infer<typeof WeightEntry>;

/** The part of a TensorFlow.js `model.json` that conversion reads. */
export const GraphModelJson = z.object({
  format: z.literal('graph-model').optional(),
  modelTopology: z.object({ node: z.array(NodeDefinition).max(maxNodes) }),
  weightsManifest: z.array(z.object({ paths: z.array(WeightFile).max(maxInputs), weights: z.array(WeightEntry) })),
  signature: Signature.optional(),
  userDefinedMetadata: z.object({ signature: Signature.optional() }).optional(),
});
export type GraphModelJson = z.infer<typeof GraphModelJson>;

/**
 * Reads a `model.json`.
 * @throws AppError `model_error` when it is too large, no JSON, or not a graph model
 */
export function parseGraphModel(bytes: Uint8Array): GraphModelJson {
  if (bytes.byteLength > maxBytes) throw unsupportedGraph(`the graph has ${bytes.byteLength} bytes; ${maxBytes} are allowed`);
  const parsed = GraphModelJson.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw unsupportedGraph(`the file is not a TensorFlow.js graph model: ${shown(path.join('.'))}: ${message}`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw unsupportedGraph('the file is not a TensorFlow.js graph model: it is no JSON', cause);
  }
}

/** Names of the outputs that the model's signature declares, without the `:0` of TensorFlow. */
export function signatureOutputs(model: GraphModelJson): string[] {
  const outputs = (model.signature ?? model.userDefinedMetadata?.signature)?.outputs ?? {};
  return Object.values(outputs).map(({ name }) => name.replace(/:0$/, ''));
}
