import { z } from 'zod';
import type { ElementType } from './constant-tensor.js';

const Integer = z.union([z.number(), z.string()]).transform(Number);

const Attribute = z.object({
  s: z.string().optional(),
  i: Integer.optional(),
  f: z.number().optional(),
  b: z.boolean().optional(),
  type: z.string().optional(),
  shape: z.object({ dim: z.array(z.object({ size: Integer })).optional() }).optional(),
  list: z.object({ i: z.array(Integer).optional(), s: z.array(z.string()).optional() }).optional(),
});
type Attribute = z.infer<typeof Attribute>;

const NodeDefinition = z.object({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), Attribute).default({}),
});

const Signature = z.object({ outputs: z.record(z.string(), z.object({ name: z.string() })) });

export const WeightEntry = z.object({
  name: z.string(),
  shape: z.array(z.number().int().min(0)),
  dtype: z.enum(['float32', 'int32', 'bool']),
  quantization: z
    .object({ dtype: z.enum(['float16', 'uint8', 'uint16']), scale: z.number().optional(), min: z.number().optional() })
    .optional(),
});
export type WeightEntry = z.infer<typeof WeightEntry>;

/** The part of a TensorFlow.js `model.json` that conversion reads. */
export const GraphModelJson = z.object({
  format: z.literal('graph-model').optional(),
  modelTopology: z.object({ node: z.array(NodeDefinition) }),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(WeightEntry) })),
  signature: Signature.optional(),
  userDefinedMetadata: z.object({ signature: Signature.optional() }).optional(),
});
export type GraphModelJson = z.infer<typeof GraphModelJson>;

/** The graph cannot be converted: an operator or a form of one that is not covered. Says which node. */
export class UnsupportedGraphError extends Error {
  override readonly name = 'UnsupportedGraphError';
}

const elementTypes: Readonly<Record<string, ElementType>> = {
  DT_FLOAT: 'float32',
  DT_INT32: 'int32',
  DT_INT64: 'int64',
  DT_BOOL: 'bool',
  DT_UINT8: 'uint8',
};

/** One operator of the TensorFlow graph with readers for its attributes; texts in them are base64. */
export class GraphNode {
  readonly name: string;
  readonly op: string;
  /** References to the inputs that carry data, e.g. `split` or `split:1`. */
  readonly inputs: readonly string[];
  private readonly attributes: Readonly<Record<string, Attribute>>;

  constructor(definition: z.infer<typeof NodeDefinition>) {
    this.name = definition.name;
    this.op = definition.op;
    this.inputs = definition.input.filter((reference) => !reference.startsWith('^'));
    this.attributes = definition.attr;
  }

  integer(name: string, fallback: number): number {
    return this.attributes[name]?.i ?? fallback;
  }

  float(name: string, fallback: number): number {
    return this.attributes[name]?.f ?? fallback;
  }

  flag(name: string): boolean {
    return this.attributes[name]?.b ?? false;
  }

  text(name: string): string {
    return decodeText(this.attributes[name]?.s ?? '');
  }

  integers(name: string): number[] {
    return this.attributes[name]?.list?.i ?? [];
  }

  texts(name: string): string[] {
    return (this.attributes[name]?.list?.s ?? []).map(decodeText);
  }

  /** Sizes of a shape attribute; -1 where a size varies. */
  shape(name: string): number[] {
    return (this.attributes[name]?.shape?.dim ?? []).map(({ size }) => size);
  }

  elementType(name: string): ElementType {
    const given = this.attributes[name]?.type ?? '';
    const known = elementTypes[given];
    if (known === undefined) throw this.unsupported(`element type "${given}"`);
    return known;
  }

  unsupported(what: string): UnsupportedGraphError {
    return new UnsupportedGraphError(`${this.op} "${this.name}": ${what} is not supported`);
  }
}

function decodeText(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

/** Names of the outputs that the model's signature declares, without the `:0` of TensorFlow. */
export function signatureOutputs(model: GraphModelJson): string[] {
  const outputs = (model.signature ?? model.userDefinedMetadata?.signature)?.outputs ?? {};
  return Object.values(outputs).map(({ name }) => name.replace(/:0$/, ''));
}

/** The nodes that `outputs` depend on, each after all of its inputs. */
export function nodesInOrder(model: GraphModelJson, outputs: readonly string[]): GraphNode[] {
  const definitions = new Map(model.modelTopology.node.map((definition) => [definition.name, definition]));
  const ordered: GraphNode[] = [];
  const entered = new Set<string>();
  // An explicit stack: a chain of some thousand operators must not exhaust the call stack.
  const pending = [...outputs].reverse().map((name) => ({ name: nodeName(name), inputsDone: false }));
  for (let next = pending.pop(); next; next = pending.pop()) {
    const definition = definitions.get(next.name);
    if (!definition) throw new UnsupportedGraphError(`node "${next.name}" is used but missing`);
    if (next.inputsDone) {
      ordered.push(new GraphNode(definition));
    } else if (!entered.has(next.name)) {
      entered.add(next.name);
      pending.push({ name: next.name, inputsDone: true });
      for (const input of [...definition.input].reverse()) pending.push({ name: nodeName(input), inputsDone: false });
    }
  }
  return ordered;
}

function nodeName(reference: string): string {
  return reference.replace(/^\^/, '').replace(/:\d+$/, '');
}
