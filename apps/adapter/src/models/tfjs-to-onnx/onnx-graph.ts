import { onnxElementType, type ConstantTensor, type ElementType } from './constant-tensor.js';
import { ProtobufWriter } from './protobuf-writer.js';

/** A node attribute: an integer, a list of integers, a text, or a float (wrapped, since 1 is an integer). */
export type NodeAttribute = number | readonly number[] | string | { readonly float: number };

/** A dimension is a number of elements, a name for a size that varies, or undefined where nothing is said. */
export type Dimension = number | string | undefined;

const irVersion = 8;
const opsetVersion = 17;

// Field numbers of onnx.proto3.
const model = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 } as const;
const opset = { domain: 1, version: 2 } as const;
const graph = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const node = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
const attribute = { name: 1, float: 2, integer: 3, text: 4, integers: 8, type: 20 } as const;
const attributeType = { float: 1, integer: 2, text: 3, integers: 7 } as const;
const tensor = { dims: 1, elementType: 2, name: 8, rawData: 9 } as const;
const valueInfo = { name: 1, type: 2 } as const;
const typeProto = { tensor: 1 } as const;
const tensorType = { elementType: 1, shape: 2 } as const;
const dimension = { value: 1, name: 2 } as const;

/** Collects the parts of one ONNX graph and encodes them as a model file. Names are made unique here. */
export class OnnxGraph {
  private readonly nodes: ProtobufWriter[] = [];
  private readonly initializers: ProtobufWriter[] = [];
  private readonly inputs: ProtobufWriter[] = [];
  private readonly outputs: ProtobufWriter[] = [];
  private named = 0;

  /** @returns the name under which nodes can use it */
  addInitializer(constant: ConstantTensor, hint: string): string {
    const name = this.uniqueName(hint);
    const { data } = constant;
    const message = new ProtobufWriter();
    for (const size of constant.shape) message.integer(tensor.dims, size);
    message
      .integer(tensor.elementType, onnxElementType[constant.elementType])
      .text(tensor.name, name)
      .bytes(tensor.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.initializers.push(message);
    return name;
  }

  /** @returns the names of its outputs */
  addNode(definition: {
    op: string;
    inputs: readonly string[];
    attributes?: Readonly<Record<string, NodeAttribute>>;
    outputs?: number;
    hint?: string;
  }): string[] {
    const { op, inputs, attributes = {}, outputs = 1, hint = op } = definition;
    const names = Array.from({ length: outputs }, () => this.uniqueName(hint));
    this.pushNode({ op, inputs, attributes, outputs: names });
    return names;
  }

  addInput(name: string, elementType: ElementType, dimensions: readonly Dimension[]): void {
    this.inputs.push(encodeValueInfo(name, elementType, dimensions));
  }

  /** Declares `value` as an output under its public name. Where the runtime finds another shape, it takes that. */
  addOutput(
    name: string,
    value: string,
    { elementType, dimensions }: { elementType: ElementType; dimensions: readonly Dimension[] },
  ): void {
    this.pushNode({ op: 'Identity', inputs: [value], attributes: {}, outputs: [name] });
    this.outputs.push(encodeValueInfo(name, elementType, dimensions));
  }

  encode(graphName: string): Buffer {
    const body = new ProtobufWriter();
    for (const part of this.nodes) body.message(graph.node, part);
    body.text(graph.name, graphName);
    for (const part of this.initializers) body.message(graph.initializer, part);
    for (const part of this.inputs) body.message(graph.input, part);
    for (const part of this.outputs) body.message(graph.output, part);
    return new ProtobufWriter()
      .integer(model.irVersion, irVersion)
      .text(model.producerName, 'nightjar')
      .message(model.graph, body)
      .message(model.opsetImport, new ProtobufWriter().text(opset.domain, '').integer(opset.version, opsetVersion))
      .finish();
  }

  private pushNode(definition: {
    op: string;
    inputs: readonly string[];
    attributes: Readonly<Record<string, NodeAttribute>>;
    outputs: readonly string[];
  }): void {
    const message = new ProtobufWriter();
    for (const input of definition.inputs) message.text(node.input, input);
    for (const output of definition.outputs) message.text(node.output, output);
    message.text(node.name, this.uniqueName(`node_${definition.op}`)).text(node.opType, definition.op);
    for (const [name, value] of Object.entries(definition.attributes)) message.message(node.attribute, encodeAttribute(name, value));
    this.nodes.push(message);
  }

  private uniqueName(hint: string): string {
    return `${hint}__${this.named++}`;
  }
}

function encodeValueInfo(name: string, elementType: ElementType, dimensions: readonly Dimension[]): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const size of dimensions) shape.message(1, encodeDimension(size));
  const type = new ProtobufWriter().integer(tensorType.elementType, onnxElementType[elementType]).message(tensorType.shape, shape);
  return new ProtobufWriter().text(valueInfo.name, name).message(valueInfo.type, new ProtobufWriter().message(typeProto.tensor, type));
}

function encodeDimension(size: Dimension): ProtobufWriter {
  const message = new ProtobufWriter();
  if (size === undefined) return message;
  return typeof size === 'number' ? message.integer(dimension.value, size) : message.text(dimension.name, size);
}

function encodeAttribute(name: string, value: NodeAttribute): ProtobufWriter {
  const message = new ProtobufWriter().text(attribute.name, name);
  if (typeof value === 'number') return message.integer(attribute.integer, value).integer(attribute.type, attributeType.integer);
  if (typeof value === 'string') return message.text(attribute.text, value).integer(attribute.type, attributeType.text);
  if ('float' in value) return message.float(attribute.float, value.float).integer(attribute.type, attributeType.float);
  for (const item of value) message.integer(attribute.integers, item);
  return message.integer(attribute.type, attributeType.integers);
}
