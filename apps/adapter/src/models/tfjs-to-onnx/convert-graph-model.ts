import { AppError } from '@nightjar/runtime/app-error';
import type { ConstantTensor } from './constant-tensor.js';
import { ConversionGraph } from './conversion-graph.js';
import { known, knownElementCount, sizesOf, type Tensor } from './converted-tensor.js';
import { parseGraphModel, signatureOutputs, type GraphModelJson } from './graph-model.js';
import { nodesInOrder, type GraphNode } from './graph-node.js';
import { isForOnePicture } from './operator.js';
import { operatorTable } from './operator-table.js';
import { declarePictureInput, declareTensorInput, type PictureNormalisation } from './picture-input.js';
import type { ActivationRanges } from './quantisation.js';
import { shown, unsupportedGraph } from './unsupported-graph.js';
import { readWeights } from './weights-reader.js';

/** Changes when the same input would give another file: part of the key under which converted models are kept. */
export const converterVersion = 4;

/** Numbers in one tensor, 1 GiB of floats: a graph that makes a larger one is not meant to run here. */
const largestTensor = 2 ** 28;

export interface GraphModelConversion {
  readonly model: GraphModelJson;
  /** Weights by name, as `readWeights` gives them. */
  readonly weights: ReadonlyMap<string, ConstantTensor>;
  /** Outputs wanted; default: those of the signature. What only others need is left out. */
  readonly outputs?: readonly string[] | undefined;
  /** Present: the input is a uint8 picture, normalised inside the graph. Absent: floats as the graph has them. */
  readonly picture?: PictureNormalisation | undefined;
  /**
   * Lets the first dimension of input and outputs vary. Some graphs are written for one picture, e.g. those that take the
   * people out of it: `where possible` leaves them as they are, `true` refuses them. Default: as the graph has it.
   */
  readonly dynamicBatch?: boolean | 'where possible' | undefined;
  /** Present: int8 convolutions. */
  readonly activationRanges?: ActivationRanges | undefined;
}

/** A TensorFlow.js model as it lies in its folder. */
interface GraphModelFiles extends Omit<GraphModelConversion, 'model' | 'weights'> {
  /** Bytes of `model.json`. */
  readonly graph: Uint8Array;
  /** Content of a weight file; `path` is relative to `model.json`, never absolute, never with `..`. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
}

/**
 * Reads a TensorFlow.js graph model and converts it to an ONNX file.
 * @throws AppError `model_error` that says what is wrong with the files, or which operator is not covered; and what `readFile` throws
 */
export async function convertGraphModelFiles({ graph, readFile, ...options }: GraphModelFiles): Promise<Buffer> {
  const model = parseGraphModel(graph);
  return convertGraphModel({ ...options, model, weights: await readWeights(model.weightsManifest, readFile) });
}

/**
 * Converts a TensorFlow.js graph model to an ONNX file (opset 17). The input is called `input`, outputs keep their names.
 * @throws AppError `model_error` when the graph is broken or uses something that is not covered; it names the node
 */
export function convertGraphModel(conversion: GraphModelConversion): Buffer {
  const { dynamicBatch = false } = conversion;
  try {
    return convertOnce(conversion, dynamicBatch !== false);
  } catch (error) {
    if (dynamicBatch === 'where possible' && isForOnePicture(error)) return convertOnce(conversion, false);
    throw error;
  }
}

function convertOnce(conversion: GraphModelConversion, dynamicBatch: boolean): Buffer {
  const { model, activationRanges } = conversion;
  const outputs = [...new Set(conversion.outputs ?? signatureOutputs(model))];
  if (outputs.length === 0) throw unsupportedGraph('the model declares no outputs');
  const graph = new ConversionGraph({ dynamicBatch, activationRanges });
  const tensors = new Map<string, Tensor>();
  const lookUp = (reference: string): Tensor => {
    const tensor = tensors.get(reference.replace(/:0$/, ''));
    if (!tensor) throw unsupportedGraph(`there is no tensor "${shown(reference)}"`);
    return tensor;
  };

  const nodes = nodesInOrder(model, outputs, isSupported);
  requireOneInput(nodes);
  for (const node of nodes) {
    const results = convertNode(node, { conversion, graph, lookUp });
    results.forEach((tensor, index) => tensors.set(index === 0 ? node.name : `${node.name}:${index}`, tensor));
  }
  for (const output of outputs) {
    const tensor = lookUp(output);
    graph.onnx.addOutput(output, graph.plain(tensor), { elementType: tensor.elementType, dimensions: sizesOf(tensor) });
  }
  return graph.onnx.encode('graph');
}

function isSupported(op: string): boolean {
  return op === 'Const' || op === 'Placeholder' || operatorTable.has(op);
}

function requireOneInput(nodes: readonly GraphNode[]): void {
  const inputs = nodes.filter(({ op }) => op === 'Placeholder');
  if (inputs.length === 1) return;
  const names = inputs.map(({ name }) => shown(name)).slice(0, 8);
  throw unsupportedGraph(`the model has ${inputs.length} inputs (${names.join(', ')}): one is supported`);
}

interface NodeContext {
  readonly conversion: GraphModelConversion;
  readonly graph: ConversionGraph;
  readonly lookUp: (reference: string) => Tensor;
}

function convertNode(node: GraphNode, context: NodeContext): Tensor[] {
  const results = [convertOperator(node, context)].flat();
  const tooLarge = results.find((tensor) => !(knownElementCount(sizesOf(tensor)) <= largestTensor));
  if (tooLarge) throw node.unsupported(`a result of shape [${sizesOf(tooLarge).join(', ')}]`);
  return results;
}

function convertOperator(node: GraphNode, { conversion, graph, lookUp }: NodeContext): Tensor | Tensor[] {
  if (node.op === 'Const') {
    const weight = conversion.weights.get(node.name);
    if (!weight) throw node.unsupported('a constant without weights');
    return known(node.name, weight);
  }
  if (node.op === 'Placeholder') {
    return conversion.picture ? declarePictureInput(graph, node, conversion.picture) : declareTensorInput(graph, node);
  }
  const inputs = node.inputs.map(lookUp);
  try {
    return operatorTable.get(node.op)!({ node, inputs, graph });
  } catch (cause) {
    // Whatever else a graph can do to its operator, e.g. a size that is no integer.
    throw cause instanceof AppError ? cause : node.unsupported('what its inputs and attributes say', cause);
  }
}
