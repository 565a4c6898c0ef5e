import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { convertGraphModelFiles } from './convert-graph-model.js';
import { floats, graphModel, integer, integers, type SmallGraph, type SmallNode } from './small-graphs.fixture.js';

type Model = {
  modelTopology: { node: Record<string, unknown>[] };
  weightsManifest: { paths: string[]; weights: Record<string, unknown>[] }[];
};

/** `x` + a constant, which converts; each test spoils one thing. */
const sound: SmallGraph = {
  input: floats([1, 4], [1, 2, 3, 4]),
  nodes: [{ name: 'y', op: 'Add', inputs: ['x', floats([4], [1, 2, 3, 4])] }],
  outputs: ['y'],
};

async function failureOf(graph: Uint8Array, weights: Uint8Array): Promise<AppError> {
  const error: unknown = await convertGraphModelFiles({ graph, readFile: async () => weights }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe('model_error');
  return error as AppError;
}

/** What is said of the sound model after `spoil` had its way. */
async function complaint(spoil: (model: Model, weights: Uint8Array) => Uint8Array | void, graph = sound): Promise<string> {
  const { json, weights } = graphModel(graph);
  const model = structuredClone(json) as unknown as Model;
  const spoilt = spoil(model, weights) ?? weights;
  return (await failureOf(Buffer.from(JSON.stringify(model)), spoilt)).message;
}

const complaintOf = (nodes: readonly SmallNode[], input = sound.input) => complaint(() => undefined, { input, nodes, outputs: ['y'] });

describe('a model folder that lies', () => {
  it('is converted when it does not', async () => {
    const { json, weights } = graphModel(sound);
    const converted = await convertGraphModelFiles({ graph: Buffer.from(JSON.stringify(json)), readFile: async () => weights });
    expect(converted.length).toBeGreaterThan(100);
  });

  it.each([
    ['no JSON', Buffer.from('{"format": ')],
    ['bytes of something else', Buffer.alloc(100, 0xff)],
    ['nothing', Buffer.alloc(0)],
    ['a layers model', Buffer.from('{"format":"layers-model","modelTopology":{"node":[]},"weightsManifest":[]}')],
    ['nested a million deep', Buffer.from(`{"modelTopology":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`)],
    ['nested where nobody looks', Buffer.from(`{"a":${'{"b":'.repeat(200_000)}1${'}'.repeat(200_000)}}`)],
    ['larger than any graph', Buffer.alloc(65 * 1024 * 1024, 0x20)],
  ])('is refused when the graph is %s', async (_what, bytes) => {
    expect((await failureOf(bytes, Buffer.alloc(0))).message).toMatch(
      /^the (file is not a TensorFlow\.js graph model|graph has \d+ bytes)/,
    );
  });

  it('is refused when weights are missing, cut short, or too many', async () => {
    expect(await complaint((_, weights) => weights.subarray(0, 15))).toBe('the weights end before "y/1"');
    expect(await complaint((_, weights) => Buffer.concat([weights, weights]))).toBe(
      'the weights go on for 16 bytes that the manifest does not describe',
    );
    expect(await complaint((model) => void (model.weightsManifest = []))).toBe('Const "y/1": a constant without weights is not supported');
  });

  it.each([
    ['a billion', [1e9]],
    ['a billion times a billion', [1e9, 1e9]],
    ['beyond all numbers, times none', [...new Array<number>(7).fill(9e15), 0]],
  ])('is refused when the manifest says that weights are %s numbers', async (_what, shape) => {
    expect(await complaint((model) => void (model.weightsManifest[0]!.weights[0]!['shape'] = shape))).toMatch(
      /^the weights (end before "y\/1"|go on for 16 bytes)/,
    );
  });

  it.each([
    ['dtype', 'complex64'],
    ['dtype', 'constructor'],
    ['shape', [-1]],
    ['shape', [1.5]],
    ['shape', new Array(9).fill(1)],
    ['quantization', { dtype: 'int4' }],
  ])('is refused when the manifest gives a weight the %s %j', async (key, value) => {
    expect(await complaint((model) => void (model.weightsManifest[0]!.weights[0]![key] = value))).toContain(
      `the file is not a TensorFlow.js graph model: weightsManifest.0.weights.0.${key}`,
    );
  });

  it.each(['../../etc/passwd', '/etc/passwd', 'a/../../b', '..\\b', 'C:\\b', 'a\u0000b', '.hidden', '', 'a//b'])(
    'is refused when weights are said to be in %j',
    async (file) => {
      expect(await complaint((model) => void (model.weightsManifest[0]!.paths = [file]))).toContain(
        'weightsManifest.0.paths.0: no plain file name',
      );
    },
  );

  it('is refused when the same weights stand in the manifest twice', async () => {
    const message = await complaint((model, weights) => {
      model.weightsManifest[0]!.weights.push(model.weightsManifest[0]!.weights[0]!);
      return Buffer.concat([weights, weights]);
    });
    expect(message).toBe('the weights "y/1" stand in the manifest twice');
  });
});

describe('a graph that lies', () => {
  it('is refused with the operator that is not known, also with a name of the prototype', async () => {
    for (const op of ['TensorListReserve', 'constructor', '__proto__', 'toString', '']) {
      expect(await complaintOf([{ name: 'y', op, inputs: ['x'] }])).toBe(`${op} "y": the operator is not supported`);
    }
  });

  it('is converted when nodes have names of the prototype', async () => {
    const graph: SmallGraph = {
      input: sound.input,
      nodes: [
        { name: '__proto__', op: 'Relu', inputs: ['x'] },
        { name: 'constructor', op: 'Relu', inputs: ['__proto__'] },
      ],
      outputs: ['constructor'],
    };
    const { json, weights } = graphModel(graph);
    await expect(
      convertGraphModelFiles({ graph: Buffer.from(JSON.stringify(json)), readFile: async () => weights }),
    ).resolves.toBeDefined();
  });

  it('is refused when a node is missing, there twice, depends on itself, or only says its name', async () => {
    expect(await complaintOf([{ name: 'y', op: 'Relu', inputs: ['constructor'] }])).toBe('node "constructor" is used but missing');
    expect(await complaintOf([{ name: 'y', op: 'Relu', inputs: ['y'] }])).toBe('node "y" depends on itself');
    const circle = ['b', 'c', 'y'].map((from, index) => ({ name: ['y', 'b', 'c'][index]!, op: 'Relu', inputs: [from] }));
    expect(await complaintOf(circle)).toMatch(/^node "." depends on itself$/);
    const relu = { name: 'y', op: 'Relu', inputs: ['x'] };
    expect(await complaintOf([relu, relu])).toBe('there are two nodes "y"');
    expect(await complaintOf([{ name: 'y', op: 'Add', inputs: ['x'] }])).toBe('Add "y": a missing input 1 is not supported');
    expect(await complaintOf([{ name: 'y', op: 'Relu', inputs: ['x:7'] }])).toBe('there is no tensor "x:7"');
  });

  it('is refused when it has two inputs, none, or no output', async () => {
    const second = { name: 'x2', op: 'Placeholder', inputs: [], attributes: { dtype: { type: 'DT_FLOAT' } } };
    expect(await complaintOf([second, { name: 'y', op: 'Add', inputs: ['x', 'x2'] }])).toBe(
      'the model has 2 inputs (x, x2): one is supported',
    );
    expect(await complaintOf([{ name: 'y', op: 'Relu', inputs: [floats([1], [1])] }])).toBe('the model has 0 inputs (): one is supported');
    expect(await complaint(() => undefined, { ...sound, outputs: [] })).toBe('the model declares no outputs');
  });

  it('survives a chain of ten thousand nodes', async () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => ({
      name: `n${index}`,
      op: 'Relu',
      inputs: [index === 0 ? 'x' : `n${index - 1}`],
    }));
    const { json, weights } = graphModel({ input: sound.input, nodes, outputs: ['n9999'] });
    await expect(
      convertGraphModelFiles({ graph: Buffer.from(JSON.stringify(json)), readFile: async () => weights }),
    ).resolves.toBeDefined();
  });

  it('is refused when it is asked for a picture of a billion pixels', async () => {
    const spoilShape = (size: string) => (model: Model) => {
      (model.modelTopology.node[0]!['attr'] as Record<string, unknown>)['shape'] = { shape: { dim: [{ size: '1' }, { size }] } };
    };
    expect(await complaint(spoilShape('1000000000'))).toBe('Placeholder "x": an input of shape [1, 1000000000] is not supported');
    expect(await complaint(spoilShape('0'))).toContain('an input of shape [1, 0]');
    expect(await complaint(spoilShape('much'))).toContain('the file is not a TensorFlow.js graph model: modelTopology.node.0.attr.shape');
  });

  it.each<[string, SmallNode]>([
    ['Fill', { name: 'y', op: 'Fill', inputs: [integers(100_000, 100_000), floats([], [1])] }],
    ['Tile', { name: 'y', op: 'Tile', inputs: ['x', integers(1, 1_000_000_000)] }],
    ['BroadcastTo', { name: 'y', op: 'BroadcastTo', inputs: ['x', integers(1_000_000_000, 4)] }],
    ['Range', { name: 'y', op: 'Range', inputs: [integer(0), integer(2_000_000_000), integer(1)] }],
    ['Pad', { name: 'y', op: 'Pad', inputs: ['x', { type: 'int32', shape: [2, 2], values: [0, 0, 0, 2_000_000_000] }] }],
    ['SparseToDense', { name: 'y', op: 'SparseToDense', inputs: [integers(0), integers(2_000_000_000), integers(1), integer(0)] }],
    ['MatMul', { name: 'y', op: 'MatMul', inputs: ['z', 'z'], attributes: { transpose_a: true } }],
  ])('is refused when %s would make a tensor that no memory holds', async (op, node) => {
    const tall: SmallNode = { name: 'z', op: 'BroadcastTo', inputs: ['x', integers(1, 100_000)] };
    const source: SmallNode = { name: 'used', op: 'Identity', inputs: ['x'] };
    expect(
      await complaint((model) => void (model.modelTopology.node.find(({ name }) => name === 'y')!['input'] as string[]).push('^x'), {
        input: op === 'MatMul' ? floats([1, 1], [1]) : sound.input,
        nodes: [tall, source, node, { name: 'both', op: 'Pack', inputs: ['y', 'used'] }],
        outputs: ['both'],
      }),
    ).toMatch(new RegExp(`^${op} "y": .* is not supported$`));
  });

  const kernel = floats([1, 1, 1, 1], [1]);
  const picture = floats([1, 2, 2, 1], [1, 2, 3, 4]);
  it.each<[string, SmallNode, string]>([
    [
      'strides of 0',
      { name: 'y', op: 'Conv2D', inputs: ['x', kernel], attributes: { strides: [1, 0, 0, 1], padding: 'SAME' } },
      'strides [1, 0, 0, 1]',
    ],
    [
      'a dilation of -1',
      { name: 'y', op: 'Conv2D', inputs: ['x', kernel], attributes: { dilations: [1, -1, 1, 1], padding: 'SAME' } },
      'dilations',
    ],
    ['a window of a billion', { name: 'y', op: 'MaxPool', inputs: ['x'], attributes: { ksize: [1, 1e9, 1, 1], padding: 'SAME' } }, 'ksize'],
    [
      'an unknown padding',
      { name: 'y', op: 'Conv2D', inputs: ['x', kernel], attributes: { padding: 'constructor' } },
      'padding "constructor"',
    ],
    [
      'a kernel of no channels',
      { name: 'y', op: 'Conv2D', inputs: ['x', floats([1, 1, 0, 1], [])], attributes: { padding: 'SAME' } },
      'a kernel of shape [1, 1, 0, 1]',
    ],
    [
      'a kernel that is computed',
      { name: 'y', op: 'Conv2D', inputs: ['x', 'x'], attributes: { padding: 'SAME' } },
      'a kernel that the graph computes',
    ],
    [
      'channels first',
      { name: 'y', op: 'Conv2D', inputs: ['x', kernel], attributes: { padding: 'SAME', data_format: 'NCHW' } },
      'data format "NCHW"',
    ],
    [
      'an activation of the prototype',
      {
        name: 'y',
        op: '_FusedConv2D',
        inputs: ['x', kernel, floats([1], [0])],
        attributes: { padding: 'SAME', fused_ops: ['BiasAdd', 'constructor'] },
      },
      'fused activation "constructor"',
    ],
    ['an axis that does not exist', { name: 'y', op: 'Mean', inputs: ['x', integers(4)] }, 'axis 4 of 4'],
    ['an axis far in front', { name: 'y', op: 'ExpandDims', inputs: ['x', integer(-9)] }, 'axis -9 of 5'],
    ['a permutation of the same axis', { name: 'y', op: 'Transpose', inputs: ['x', integers(0, 1, 1, 2)] }, 'the permutation [0, 1, 1, 2]'],
    ['two unknown sizes', { name: 'y', op: 'Reshape', inputs: ['x', integers(-1, -1)] }, 'the target [-1, -1]'],
    ['a split into a billion', { name: 'y', op: 'Unpack', inputs: ['x'], attributes: { num: 1e9, axis: 1 } }, 'a split into 1000000000'],
    [
      'a type of the prototype',
      { name: 'y', op: 'Cast', inputs: ['x'], attributes: { DstT: { type: 'constructor' } } },
      'element type "constructor"',
    ],
    ['a slice in steps of 0', { name: 'y', op: 'StridedSlice', inputs: ['x', integers(0), integers(1), integers(0)] }, 'such bounds'],
    ['a block of a billion', { name: 'y', op: 'DepthToSpace', inputs: ['x'], attributes: { block_size: 1e9 } }, 'a block of 1000000000'],
    [
      'indices that are no places',
      { name: 'y', op: 'SparseToDense', inputs: [integers(-1), integers(2), integers(1), integer(0)] },
      'an index beyond the end',
    ],
    [
      'a part that is no whole number',
      { name: 'y', op: 'Split', inputs: [integer(1), 'x'], attributes: { num_split: 3 } },
      'what its inputs and attributes say',
    ],
  ])('is refused for %s', async (_what, node, expected) => {
    const message = await complaintOf(
      node.op === 'SparseToDense'
        ? [
            { ...node, name: 'z' },
            { name: 'y', op: 'Pack', inputs: ['x', 'z'] },
          ]
        : [node],
      picture,
    );
    expect(message).toContain(`${node.op} "`);
    expect(message).toContain(expected);
  });

  it('shows names shortened and without control characters', async () => {
    const message = await complaintOf([{ name: 'y', op: `\n\u001b[31m${'a'.repeat(500)}`, inputs: ['x'] }]);
    expect(message).toMatch(/^\?\?\[31ma+… "y": the operator is not supported$/);
    expect(message.length).toBeLessThan(200);
  });
});
