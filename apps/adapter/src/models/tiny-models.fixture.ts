import type { ConstantTensor } from './tfjs-to-onnx/constant-tensor.js';
import { OnnxGraph, type Dimension } from './tfjs-to-onnx/onnx-graph.js';
import { ProtobufWriter } from './tfjs-to-onnx/protobuf-writer.js';

/*
 * Models of a few kilobytes that really look at a picture, in the shapes of those that operators bring. Each finds what is red.
 */

const channels = 3;
const strides = [8, 16, 32];

interface TinyDetector {
  readonly sidePixels: number;
  /** Of which the first is red; nothing is ever of the others. */
  readonly classes: number;
  /** `batch`: any number of pictures; 1: one. */
  readonly batch?: Dimension;
  readonly inputName?: string;
  readonly outputName?: string;
  /** Multiplies the scores; NaN and Infinity make broken weights. */
  readonly gain?: number;
}

/**
 * In the shape of YOLOv8 and YOLO11: `images` float32 `[batch, 3, side, side]` of 0..1 RGB, `output0` `[batch, 4 + classes, cells]`.
 * Cells of 32 pixels that are red give a box of their own size; those of 8 and 16 pixels never do, so that each red cell is one box.
 */
export function tinyYolov8(options: TinyDetector): Uint8Array {
  const { sidePixels, classes, batch = 'batch', inputName = 'images', outputName = 'output0', gain = 1 } = options;
  const graph = new OnnxGraph();
  graph.addInput(inputName, 'float32', [batch, channels, sidePixels, sidePixels]);
  const scores = strides.map((stride) => {
    const looks = stride === strides.at(-1);
    const kernel = graph.addInitializer(rednessKernel({ classes, stride, gain: looks ? gain : 0 }), 'kernel');
    const [grid] = graph.addNode({ op: 'Conv', inputs: [inputName, kernel], attributes: { strides: [stride, stride] } });
    const [positive] = graph.addNode({ op: 'Relu', inputs: [grid!] });
    return reshape(graph, positive!, [0, classes, (sidePixels / stride) ** 2]);
  });
  const [allScores] = graph.addNode({ op: 'Concat', inputs: scores, attributes: { axis: 2 } });
  const boxes = graph.addInitializer(cellBoxes(sidePixels), 'boxes');
  const [ofEachPicture] = graph.addNode({ op: 'ReduceMax', inputs: [allScores!], attributes: { axes: [1], keepdims: 1 } });
  const nothing = graph.addInitializer(floats([1], [0]), 'nothing');
  const [zeros] = graph.addNode({ op: 'Mul', inputs: [ofEachPicture!, nothing] });
  const [boxesOfEach] = graph.addNode({ op: 'Add', inputs: [zeros!, boxes] });
  const [output] = graph.addNode({ op: 'Concat', inputs: [boxesOfEach!, allScores!], attributes: { axis: 1 } });
  const places = strides.reduce((sum, stride) => sum + (sidePixels / stride) ** 2, 0);
  graph.addOutput(outputName, output!, { elementType: 'float32', dimensions: [batch, 4 + classes, places] });
  return graph.encode('tiny-yolov8');
}

/** `images` float32 `[batch, 3, side, side]` of 0..1 RGB, `logits` `[batch, 3]`: how red, green and blue the picture is, times ten. */
export function tinyClassifier(options: { sidePixels: number; outputName?: string; furtherOutput?: string }): Uint8Array {
  const { sidePixels, outputName = 'logits', furtherOutput } = options;
  const graph = new OnnxGraph();
  graph.addInput('images', 'float32', ['batch', channels, sidePixels, sidePixels]);
  const [mean] = graph.addNode({ op: 'GlobalAveragePool', inputs: ['images'] });
  const ten = graph.addInitializer(floats([1], [10]), 'ten');
  const [scaled] = graph.addNode({ op: 'Mul', inputs: [mean!, ten] });
  graph.addOutput(outputName, reshape(graph, scaled!, [0, channels]), { elementType: 'float32', dimensions: ['batch', channels] });
  if (furtherOutput !== undefined) graph.addOutput(furtherOutput, mean!, { elementType: 'float32', dimensions: ['batch', channels, 1, 1] });
  return graph.encode('tiny-classifier');
}

/** `x` float32 `[rows, 2]` in, `doubled` and `negated` of the same shape out. */
export function tinyArithmetic(): Uint8Array {
  const graph = new OnnxGraph();
  graph.addInput('x', 'float32', ['rows', 2]);
  const two = graph.addInitializer(floats([1], [2]), 'two');
  const rows = { elementType: 'float32', dimensions: ['rows', 2] } as const;
  graph.addOutput('doubled', graph.addNode({ op: 'Mul', inputs: ['x', two] })[0]!, rows);
  graph.addOutput('negated', graph.addNode({ op: 'Neg', inputs: ['x'] })[0]!, rows);
  return graph.encode('tiny-arithmetic');
}

/**
 * `images` float16 `[batch, side, side, 3]` of 0..1 RGB in, `embedding` float16 `[batch, 3]` out: the picture's mean colour. Written by
 * hand, as the graph writer has no 16-bit floats.
 */
export function tinyHalfEmbedder({ sidePixels }: { sidePixels: number }): Uint8Array {
  const message = () => new ProtobufWriter();
  const half = 10;
  const node = (op: string, input: string, output: string) => message().text(1, input).text(2, output).text(4, op);
  const integers = (name: string, values: readonly number[]) => {
    const attribute = message().text(1, name).integer(20, 7);
    for (const value of values) attribute.integer(8, value);
    return attribute;
  };
  const integer = (name: string, value: number) => message().text(1, name).integer(3, value).integer(20, 2);
  const value = (name: string, sizes: readonly (number | string)[]) => {
    const shape = message();
    for (const size of sizes) shape.message(1, typeof size === 'number' ? message().integer(1, size) : message().text(2, size));
    return message()
      .text(1, name)
      .message(2, message().message(1, message().integer(1, half).message(2, shape)));
  };
  const graph = message()
    .message(1, node('Cast', 'images', 'wide').message(5, integer('to', 1)))
    .message(
      1,
      node('ReduceMean', 'wide', 'mean')
        .message(5, integers('axes', [1, 2]))
        .message(5, integer('keepdims', 0)),
    )
    .message(1, node('Cast', 'mean', 'embedding').message(5, integer('to', half)))
    .text(2, 'tiny-half-embedder')
    .message(11, value('images', ['batch', sidePixels, sidePixels, channels]))
    .message(12, value('embedding', ['batch', channels]));
  return message().integer(1, 8).message(7, graph).message(8, message().text(1, '').integer(2, 17)).finish();
}

/** `x` float32 `[1, 3]` plus weights that lie in another file, at a place of the caller's choice. */
export function tinyExternal(location: string): Uint8Array {
  const message = () => new ProtobufWriter();
  const value = (name: string) => {
    const shape = message().message(1, message().integer(1, 1)).message(1, message().integer(1, 3));
    return message()
      .text(1, name)
      .message(2, message().message(1, message().integer(1, 1).message(2, shape)));
  };
  const weights = message().integer(1, 1).integer(1, 3).integer(2, 1).text(8, 'weights').integer(14, 1);
  weights.message(13, message().text(1, 'location').text(2, location)).message(13, message().text(1, 'length').text(2, '12'));
  const add = message().text(1, 'x').text(1, 'weights').text(2, 'y').text(4, 'Add');
  const graph = message().message(1, add).text(2, 'tiny-external').message(5, weights).message(11, value('x')).message(12, value('y'));
  return message().integer(1, 8).message(7, graph).message(8, message().text(1, '').integer(2, 17)).finish();
}

/** Red less green, averaged over a cell; the other classes see nothing. */
function rednessKernel({ classes, stride, gain }: { classes: number; stride: number; gain: number }): ConstantTensor {
  const cell = stride ** 2;
  const data = new Float32Array(classes * channels * cell);
  data.fill(gain / cell, 0, cell);
  data.fill(-gain / cell, cell, 2 * cell);
  return { elementType: 'float32', shape: [classes, channels, stride, stride], data };
}

/** Centre and size of every cell of every stride, as rows of x, y, width, height. */
function cellBoxes(sidePixels: number): ConstantTensor {
  const cells = strides.flatMap((stride) => {
    const perSide = sidePixels / stride;
    return Array.from({ length: perSide ** 2 }, (_, cell) => {
      return [((cell % perSide) + 0.5) * stride, (Math.floor(cell / perSide) + 0.5) * stride, stride, stride];
    });
  });
  const rows = [0, 1, 2, 3].flatMap((row) => cells.map((cell) => cell[row]!));
  return floats([1, 4, cells.length], rows);
}

function reshape(graph: OnnxGraph, value: string, shape: readonly number[]): string {
  const wanted = { elementType: 'int64', shape: [shape.length], data: BigInt64Array.from(shape, BigInt) } as const;
  return graph.addNode({ op: 'Reshape', inputs: [value, graph.addInitializer(wanted, 'shape')] })[0]!;
}

function floats(shape: readonly number[], values: readonly number[]): ConstantTensor {
  return { elementType: 'float32', shape, data: Float32Array.from(values) };
}
