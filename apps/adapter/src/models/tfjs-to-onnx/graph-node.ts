import type { AppError } from '@nightjar/runtime/app-error';
import type { ElementType } from './constant-tensor.js';
import type { Attribute, GraphModelJson, NodeDefinition } from './graph-model.js';
import { shown, unsupportedGraph } from './unsupported-graph.js';

const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ['DT_FLOAT', 'float32'],
  ['DT_INT32', 'int32'],
  ['DT_INT64', 'int64'],
  ['DT_BOOL', 'bool'],
  ['DT_UINT8', 'uint8'],
]);

/** One operator of the TensorFlow graph with readers for its attributes; texts in them are base64. */
export class GraphNode {
  readonly name: string;
  readonly op: string;
  /** References to the inputs that carry data, e.g. `split` or `split:1`. */
  readonly inputs: readonly string[];
  private readonly attributes: ReadonlyMap<string, Attribute>;

  constructor(definition: NodeDefinition) {
    this.name = definition.name;
    this.op = definition.op;
    this.inputs = dataInputs(definition);
    this.attributes = new Map(Object.entries(definition.attr));
  }

  integer(name: string, fallback: number): number {
    return this.attributes.get(name)?.i ?? fallback;
  }

  float(name: string, fallback: number): number {
    return this.attributes.get(name)?.f ?? fallback;
  }

  flag(name: string): boolean {
    return this.attributes.get(name)?.b ?? false;
  }

  text(name: string): string {
    return decodeText(this.attributes.get(name)?.s ?? '');
  }

  integers(name: string): number[] {
    return this.attributes.get(name)?.list?.i ?? [];
  }

  texts(name: string): string[] {
    return (this.attributes.get(name)?.list?.s ?? []).map(decodeText);
  }

  /** Sizes of a shape attribute, -1 where a size varies; undefined when not even their number is known. */
  shape(name: string): number[] | undefined {
    const { dim, unknownRank = false } = this.attributes.get(name)?.shape ?? { unknownRank: true };
    return unknownRank ? undefined : (dim ?? []).map(({ size }) => size);
  }

  elementType(name: string): ElementType {
    const given = this.attributes.get(name)?.type ?? '';
    const known = elementTypes.get(given);
    if (known === undefined) throw this.unsupported(`element type "${shown(given)}"`);
    return known;
  }

  /** The error for something in this node that can't be converted. */
  unsupported(what: string, cause?: unknown): AppError {
    return unsupportedGraph(`${shown(this.op)} "${shown(this.name)}": ${what} is not supported`, cause);
  }
}

function decodeText(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

/** Inputs that only say what runs first (`^name`) carry nothing: a graph for inference has no side effects to put in order. */
function dataInputs({ input }: NodeDefinition): string[] {
  return input.filter((reference) => !reference.startsWith('^'));
}

/**
 * The nodes that `outputs` depend on, each after all of its inputs.
 * @param isSupported whether an operator can be converted; asked first, as a graph with loops is no order at all
 * @throws AppError `model_error` when one is not supported, missing, there twice, or depends on itself
 */
export function nodesInOrder(
  model: GraphModelJson,
  outputs: readonly string[],
  isSupported: (op: string) => boolean = () => true,
): GraphNode[] {
  const definitions = definitionsByName(model);
  const ordered: GraphNode[] = [];
  const states = new Map<string, 'entered' | 'done'>();
  // An explicit stack: a chain of some thousand operators must not exhaust the call stack.
  const pending = [...outputs].reverse().map((name) => ({ name: nodeName(name), inputsDone: false }));
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { name, inputsDone } = next;
    const definition = definitions.get(name);
    if (!definition) throw unsupportedGraph(`node "${shown(name)}" is used but missing`);
    if (inputsDone) {
      states.set(name, 'done');
      ordered.push(new GraphNode(definition));
      continue;
    }
    const state = states.get(name);
    if (state === 'entered') throw unsupportedGraph(`node "${shown(name)}" depends on itself`);
    if (state === 'done') continue;
    if (!isSupported(definition.op)) throw new GraphNode(definition).unsupported('the operator');
    states.set(name, 'entered');
    pending.push({ name, inputsDone: true });
    for (const input of dataInputs(definition).reverse()) pending.push({ name: nodeName(input), inputsDone: false });
  }
  return ordered;
}

function definitionsByName(model: GraphModelJson): Map<string, NodeDefinition> {
  const definitions = new Map<string, NodeDefinition>();
  for (const definition of model.modelTopology.node) {
    if (definitions.has(definition.name)) throw unsupportedGraph(`there are two nodes "${shown(definition.name)}"`);
    definitions.set(definition.name, definition);
  }
  return definitions;
}

function nodeName(reference: string): string {
  return reference.replace(/:\d+$/, '');
}
