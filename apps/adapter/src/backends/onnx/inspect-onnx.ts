import { ProtobufError, walkProtobuf, type MessageShape } from './protobuf-walk.js';

/** What a model file would make the runtime do beyond computing with what is in it. */
export interface OnnxInspection {
  /** Files beside it that hold weights, as the model names them. */
  readonly externalFiles: ReadonlySet<string>;
  /** Operators by `domain:name`. */
  readonly operators: ReadonlySet<string>;
}

/** The parts of onnx.proto3 in which operators and weights can stand. Numbers are those of its fields. */
const entry: MessageShape = { name: 'entry', fields: () => ({ 1: 'text', 2: 'text' }) };
const tensor: MessageShape = { name: 'tensor', fields: () => ({ 13: entry }) };
const sparseTensor: MessageShape = { name: 'sparse tensor', fields: () => ({ 1: tensor, 2: tensor }) };
const attribute: MessageShape = {
  name: 'attribute',
  fields: () => ({ 5: tensor, 6: graph, 10: tensor, 11: graph, 22: sparseTensor, 23: sparseTensor }),
};
const node: MessageShape = { name: 'node', fields: () => ({ 4: 'text', 5: attribute, 7: 'text' }) };
const graph: MessageShape = { name: 'graph', fields: () => ({ 1: node, 5: tensor, 15: sparseTensor }) };
const functionBody: MessageShape = { name: 'function', fields: () => ({ 7: node }) };
const model: MessageShape = { name: 'model', fields: () => ({ 7: graph, 25: functionBody }) };

const entryField = { key: 1, value: 2 } as const;
const nodeField = { operator: 4, domain: 7 } as const;

/**
 * Looks into an ONNX file before the runtime does.
 * @throws ProtobufError when it is no ONNX file, or is cut off
 */
export function inspectOnnx(file: { fd: number; sizeBytes: number }): OnnxInspection {
  const externalFiles = new Set<string>();
  const operators = new Set<string>();
  walkProtobuf(file, model, (message, texts) => {
    if (message === 'entry' && texts.get(entryField.key) === 'location') externalFiles.add(texts.get(entryField.value) ?? '');
    if (message === 'node') operators.add(`${texts.get(nodeField.domain) ?? ''}:${texts.get(nodeField.operator) ?? ''}`);
  });
  if (operators.size === 0) throw new ProtobufError('it holds no operators');
  return { externalFiles, operators };
}
