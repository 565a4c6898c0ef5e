import { OnnxGraph } from '../../models/tfjs-to-onnx/onnx-graph.js';
import type { Tensors } from '../tensor.js';

const sidePixels = 8;

/** A model of one convolution: the smallest that needs what real ones need of a provider. */
export function probeModel(): Uint8Array {
  const graph = new OnnxGraph();
  graph.addInput('x', 'float32', [1, 1, sidePixels, sidePixels]);
  const kernel = graph.addInitializer({ elementType: 'float32', shape: [1, 1, 3, 3], data: new Float32Array(9).fill(1) }, 'kernel');
  const [y] = graph.addNode({ op: 'Conv', inputs: ['x', kernel] });
  graph.addOutput('y', y!, { elementType: 'float32', dimensions: [1, 1, sidePixels - 2, sidePixels - 2] });
  return graph.encode('probe');
}

export function probeInput(): Tensors {
  return new Map([['x', { type: 'float32', dims: [1, 1, sidePixels, sidePixels], data: new Float32Array(sidePixels ** 2).fill(1) }]]);
}
