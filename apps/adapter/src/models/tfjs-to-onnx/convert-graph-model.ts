import type { ConstantTensor } from './constant-tensor.js';
import { ConversionGraph, type Tensor } from './conversion-graph.js';
import { nodesInOrder, signatureOutputs, UnsupportedGraphError, type GraphModelJson, type GraphNode } from './graph-model.js';
import { known } from './operator.js';
import { operatorTable } from './operator-table.js';
import { declarePictureInput, declareTensorInput, type PictureNormalisation } from './picture-input.js';
import type { ActivationRanges } from './quantisation.js';

/** Changes when the same input would give another file: part of the key under which converted models are kept. */
export const converterVersion = 1;

export interface GraphModelConversion {
  readonly model: GraphModelJson;
  /** Weights by name, as `readWeights` gives them. */
  readonly weights: ReadonlyMap<string, ConstantTensor>;
  /** Outputs wanted; default: those of the signature. What only others need is left out. */
  readonly outputs?: readonly string[] | undefined;
  /** Present: the input is a uint8 picture, normalised inside the graph. Absent: floats as the graph has them. */
  readonly picture?: PictureNormalisation | undefined;
  readonly dynamicBatch?: boolean | undefined;
  /** Present: int8 convolutions. */
  readonly activationRanges?: ActivationRanges | undefined;
}

/**
 * Converts a TensorFlow.js graph model to an ONNX file (opset 17). The input is called `input`, outputs keep their names.
 * @throws UnsupportedGraphError when the graph uses something that is not covered
 */
export function convertGraphModel(conversion: GraphModelConversion): Buffer {
  const { model, activationRanges, dynamicBatch = false } = conversion;
  const outputs = conversion.outputs ?? signatureOutputs(model);
  if (outputs.length === 0) throw new UnsupportedGraphError('the model declares no outputs');
  const graph = new ConversionGraph({ dynamicBatch, activationRanges });
  const tensors = new Map<string, Tensor>();
  const lookUp = (reference: string): Tensor => {
    const tensor = tensors.get(reference.replace(/:0$/, ''));
    if (!tensor) throw new UnsupportedGraphError(`tensor "${reference}" is used before it is made`);
    return tensor;
  };

  for (const node of nodesInOrder(model, outputs)) {
    const results = [convertNode(node, { conversion, graph, lookUp })].flat();
    results.forEach((tensor, index) => tensors.set(index === 0 ? node.name : `${node.name}:${index}`, tensor));
  }
  for (const output of outputs) {
    const tensor = lookUp(output);
    graph.onnx.addOutput(output, tensor.elementType, graph.plain(tensor));
  }
  return graph.onnx.encode('graph');
}

interface NodeContext {
  readonly conversion: GraphModelConversion;
  readonly graph: ConversionGraph;
  readonly lookUp: (reference: string) => Tensor;
}

function convertNode(node: GraphNode, { conversion, graph, lookUp }: NodeContext): Tensor | Tensor[] {
  if (node.op === 'Const') {
    const weight = conversion.weights.get(node.name);
    if (!weight) throw node.unsupported('a constant without weights');
    return known(node.name, weight);
  }
  if (node.op === 'Placeholder') {
    return conversion.picture ? declarePictureInput(graph, node, conversion.picture) : declareTensorInput(graph, node);
  }
  const convert = Object.hasOwn(operatorTable, node.op) ? operatorTable[node.op] : undefined;
  if (!convert) throw node.unsupported('the operator');
  return convert({ node, inputs: node.inputs.map(lookUp), graph });
}
