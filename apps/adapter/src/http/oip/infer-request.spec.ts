import { describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { readHeaderBytes, readOipRequest } from './infer-request.js';
import { oipBody, prefixed } from './oip-bodies.fixture.js';

const input = { name: 'x', shape: [2], datatype: 'FP32', data: [1, 2] };
const read = (fields: unknown) => readOipRequest(oipBody(fields).body, undefined);
const bytesOf = (fields: unknown) => {
  const [tensor] = read(fields).inputs;
  if (tensor?.datatype === 'BYTES' || !tensor) throw new Error('no bytes');
  return Buffer.from(tensor.bytes);
};
const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('accepted');
};
const refusalOf = (fields: unknown) => refusal(() => read(fields));
const refusalOfBinary = (fields: unknown, data: Uint8Array) => {
  const { body, headerBytes } = oipBody(fields, data);
  return refusal(() => readOipRequest(body, headerBytes));
};

describe('readOipRequest', () => {
  it("reads the protocol's own example", () => {
    const request = read({
      id: '42',
      inputs: [
        { name: 'input0', shape: [2, 2], datatype: 'UINT32', data: [1, 2, 3, 4] },
        { name: 'input1', shape: [3], datatype: 'BOOL', data: [true, false, true] },
      ],
      outputs: [{ name: 'output0' }],
    });
    expect(request).toEqual({
      id: '42',
      parameters: {},
      inputs: [
        { name: 'input0', shape: [2, 2], datatype: 'UINT32', bytes: new Uint8Array(Uint32Array.from([1, 2, 3, 4]).buffer) },
        { name: 'input1', shape: [3], datatype: 'BOOL', bytes: Uint8Array.from([1, 0, 1]) },
      ],
      outputs: [{ name: 'output0', parameters: {} }],
    });
  });

  it('reads what is left out, or null, as absent', () => {
    const absent = { id: undefined, parameters: {}, outputs: undefined };
    expect(read({ inputs: [] })).toEqual({ ...absent, inputs: [] });
    expect(read({ id: null, parameters: null, inputs: [], outputs: null })).toEqual({ ...absent, inputs: [] });
  });

  it('reads nested data as it reads flat data', () => {
    const nested = { name: 'x', shape: [2, 1, 3], datatype: 'INT16', data: [[[1, 2, 3]], [[4, 5, 6]]] };
    expect(bytesOf({ inputs: [nested] })).toEqual(bytesOf({ inputs: [{ ...nested, data: [1, 2, 3, 4, 5, 6] }] }));
  });

  it('reads shapes without dimensions and dimensions of nothing', () => {
    expect(bytesOf({ inputs: [{ name: 'x', shape: [], datatype: 'UINT8', data: [7] }] })).toEqual(Buffer.from([7]));
    expect(bytesOf({ inputs: [{ name: 'x', shape: [0], datatype: 'FP64', data: [] }] })).toHaveLength(0);
    expect(bytesOf({ inputs: [{ name: 'x', shape: [2, 0], datatype: 'FP64', data: [[], []] }] })).toHaveLength(0);
    expect(bytesOf({ inputs: [{ name: 'x', shape: [0, Number.MAX_SAFE_INTEGER], datatype: 'FP64', data: [] }] })).toHaveLength(0);
  });

  it('reads text and base64 of BYTES', () => {
    const texts = read({ inputs: [{ name: 'x', shape: [2], datatype: 'BYTES', data: ['grün', ''] }] }).inputs[0];
    expect(texts).toMatchObject({ elements: [Buffer.from('grün'), Buffer.from('')] });
    const parameters = { content_type: 'base64' };
    const coded = read({ inputs: [{ name: 'x', shape: [1], datatype: 'BYTES', parameters, data: ['/9j/'] }] }).inputs[0];
    expect(coded).toMatchObject({ elements: [Buffer.from([0xff, 0xd8, 0xff])] });
  });

  it('reads binary data of several inputs in their order, beside one with JSON data', () => {
    const { body, headerBytes } = oipBody(
      {
        inputs: [
          { name: 'a', shape: [2], datatype: 'INT16', parameters: { binary_data_size: 4 } },
          input,
          { name: 'b', shape: [2, 1], datatype: 'BYTES', parameters: { binary_data_size: 11 } },
        ],
      },
      Buffer.from([1, 0, 2, 0]),
      prefixed('abc', ''),
    );
    expect(readOipRequest(body, headerBytes).inputs).toEqual([
      { name: 'a', shape: [2], datatype: 'INT16', bytes: Buffer.from([1, 0, 2, 0]) },
      { name: 'x', shape: [2], datatype: 'FP32', bytes: new Uint8Array(Float32Array.from([1, 2]).buffer) },
      { name: 'b', shape: [2, 1], datatype: 'BYTES', elements: [Buffer.from('abc'), Buffer.from('')] },
    ]);
  });

  it('treats names of object properties as plain names', () => {
    const body = Buffer.from(
      '{"inputs":[{"name":"__proto__","shape":[1],"datatype":"UINT8","data":[1]}],"parameters":{"__proto__":{"a":1}}}',
    );
    const { inputs, parameters } = readOipRequest(body, undefined);
    expect(inputs[0]?.name).toBe('__proto__');
    expect(Object.keys(parameters)).toEqual(['__proto__']);
    expect(({} as { a?: number }).a).toBeUndefined();
    expect(refusalOf({ inputs: [{ ...input, datatype: 'constructor' }] })).toContain('inputs.0.datatype: not one of BOOL');
    expect(refusalOf({ inputs: [{ ...input, datatype: 'toString' }] })).toContain('inputs.0.datatype');
  });

  it.each<[string, unknown, string]>([
    ['no object', 'text', 'body: '],
    ['no inputs', {}, 'inputs: '],
    ['inputs that are no list', { inputs: { 0: input } }, 'inputs: not a list of at most 64'],
    ['65 inputs', { inputs: Array(65).fill(input) }, 'inputs: not a list of at most 64'],
    ['65 outputs', { inputs: [], outputs: Array(65).fill({ name: 'y' }) }, 'outputs: not a list of at most 64'],
    ['65 parameters', { inputs: [], parameters: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [i, 1])) }, 'parameters: '],
    ['parameters that are a list', { inputs: [], parameters: [1] }, 'parameters: '],
    ['an id that is no text', { id: 42, inputs: [] }, 'id: '],
    ['an input without a name', { inputs: [{ ...input, name: '' }] }, 'inputs.0.name: '],
    ['a name of 257 characters', { inputs: [{ ...input, name: 'x'.repeat(257) }] }, 'inputs.0.name: '],
    ['an unknown datatype', { inputs: [{ ...input, datatype: 'FP31' }] }, 'inputs.0.datatype: not one of BOOL, UINT8'],
    ['no shape', { inputs: [{ ...input, shape: undefined }] }, 'inputs.0.shape: '],
    ['a negative size', { inputs: [{ ...input, shape: [-1] }] }, 'inputs.0.shape: not a list of at most 16 sizes'],
    ['half a size', { inputs: [{ ...input, shape: [0.5] }] }, 'inputs.0.shape: '],
    ['a size as text', { inputs: [{ ...input, shape: ['2'] }] }, 'inputs.0.shape: '],
    ['17 dimensions', { inputs: [{ ...input, shape: Array(17).fill(1) }] }, 'inputs.0.shape: '],
    ['a million dimensions', { inputs: [{ ...input, shape: Array(1_000_000).fill(1) }] }, 'inputs.0.shape: '],
    ['a size beyond what can be counted', { inputs: [{ ...input, shape: [1e18] }] }, 'inputs.0.shape: '],
    [
      'sizes whose product overflows',
      { inputs: [{ ...input, shape: Array(16).fill(2 ** 31) }] },
      'input "x": its shape has too many elements',
    ],
    ['a billion elements and two values', { inputs: [{ ...input, shape: [1e9] }] }, 'its data is neither 1000000000 values'],
    ['one value too few', { inputs: [{ ...input, data: [1] }] }, 'its data is neither 2 values nor nested as [2]'],
    ['one value too many', { inputs: [{ ...input, data: [1, 2, 3] }] }, 'its data is neither 2 values'],
    ['data nested deeper than the shape', { inputs: [{ ...input, data: [[1], [2]] }] }, 'its data is neither 2 values'],
    [
      'data nested otherwise than the shape',
      { inputs: [{ ...input, shape: [2, 2], data: [[1, 2, 3], [4]] }] },
      'its data is neither 4 values',
    ],
    ['flat and nested mixed', { inputs: [{ ...input, shape: [2, 1], data: [1, [2]] }] }, 'its data is neither'],
    ['data that is no list', { inputs: [{ ...input, data: 1 }] }, 'its data is neither'],
    ['data of objects', { inputs: [{ ...input, data: [{}, {}] }] }, 'a value of its data is no FP32'],
    ['neither data nor size', { inputs: [{ ...input, data: undefined }] }, 'neither data nor binary_data_size'],
    [
      'binary data without the header that says where',
      { inputs: [{ ...input, data: null, parameters: { binary_data_size: 8 } }] },
      'Inference-Header-Content-Length',
    ],
    ['data twice', { inputs: [{ ...input, parameters: { binary_data_size: 8 } }] }, 'both data and binary_data_size'],
    ['shared memory', { inputs: [{ ...input, parameters: { shared_memory_region: 'r' } }] }, 'shared memory is not supported'],
    ['one name twice', { inputs: [input, { ...input, shape: [1], data: [1] }] }, 'input "x" is there twice'],
    ['BYTES that are numbers', { inputs: [{ ...input, datatype: 'BYTES' }] }, 'elements of BYTES are strings'],
    [
      'base64 that is none',
      { inputs: [{ name: 'x', shape: [1], datatype: 'BYTES', parameters: { content_type: 'base64' }, data: ['*'] }] },
      'not base64',
    ],
    [
      'too many elements of BYTES',
      { inputs: [{ name: 'x', shape: [70_000], datatype: 'BYTES', data: Array(70_000).fill('') }] },
      'more than 65536 elements',
    ],
  ])('refuses %s', (_what, fields, message) => {
    expect(refusalOf(fields)).toContain('invalid_argument: ');
    expect(refusalOf(fields)).toContain(message);
  });

  it.each<[string, unknown, Uint8Array, string]>([
    [
      'a size beyond the body',
      { shape: [2], datatype: 'FP32', parameters: { binary_data_size: 9 } },
      Buffer.alloc(8),
      'only 8 bytes follow',
    ],
    ['a negative size', { shape: [2], datatype: 'FP32', parameters: { binary_data_size: -8 } }, Buffer.alloc(8), 'is no size'],
    ['a size of text', { shape: [2], datatype: 'FP32', parameters: { binary_data_size: '8' } }, Buffer.alloc(8), 'is no size'],
    ['a size beyond all numbers', { shape: [2], datatype: 'FP32', parameters: { binary_data_size: 1e308 } }, Buffer.alloc(8), 'is no size'],
    [
      'a size that is not the shape',
      { shape: [3], datatype: 'FP32', parameters: { binary_data_size: 8 } },
      Buffer.alloc(8),
      'takes 12 bytes, not 8',
    ],
    [
      'a shape of billions',
      { shape: [1e9], datatype: 'FP64', parameters: { binary_data_size: 8 } },
      Buffer.alloc(8),
      'takes 8000000000 bytes, not 8',
    ],
    [
      'bytes left over',
      { shape: [1], datatype: 'FP32', parameters: { binary_data_size: 4 } },
      Buffer.alloc(8),
      '4 bytes follow that belong to no input',
    ],
    ['bytes after JSON data', { shape: [1], datatype: 'FP32', data: [1] }, Buffer.alloc(1), '1 bytes follow'],
    [
      'an element longer than the data',
      { shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 6 } },
      Buffer.from([255, 255, 255, 255, 1, 2]),
      'ends in the middle of element 0',
    ],
    [
      'half a length',
      { shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 3 } },
      Buffer.alloc(3),
      'ends in the middle of element 0',
    ],
    [
      'fewer elements than the shape',
      { shape: [3], datatype: 'BYTES', parameters: { binary_data_size: 5 } },
      prefixed('a'),
      'ends in the middle of element 1',
    ],
    [
      'more elements than the shape',
      { shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 10 } },
      prefixed('a', 'b'),
      '5 bytes are left over',
    ],
    [
      'a billion elements of nothing',
      { shape: [1e9], datatype: 'BYTES', parameters: { binary_data_size: 4 } },
      Buffer.alloc(4),
      'more than 65536 elements',
    ],
  ])('refuses binary data with %s', (_what, tensor, data, message) => {
    expect(refusalOfBinary({ inputs: [{ name: 'x', ...(tensor as object) }] }, data)).toContain(message);
  });

  it('refuses a header longer than the body, one cut short, and text that is not UTF-8', () => {
    const { body } = oipBody({ inputs: [input] });
    expect(refusal(() => readOipRequest(body, body.length + 1))).toContain(`the body has ${body.length} bytes`);
    expect(refusal(() => readOipRequest(body, body.length - 1))).toContain('no JSON');
    expect(refusal(() => readOipRequest(new Uint8Array(), undefined))).toContain('no JSON');
    expect(refusal(() => readOipRequest(Buffer.from([0x22, 0xff, 0x22]), undefined))).toContain('not UTF-8');
  });

  it('refuses JSON that is mostly structure before it is parsed', () => {
    expect(refusal(() => readOipRequest(Buffer.from('['.repeat(1_000_000)), undefined))).toContain('nested deeper');
    const rows = `{"inputs":[{"data":[${'[],'.repeat(300_000)}[]]}]}`;
    expect(refusal(() => readOipRequest(Buffer.from(rows), undefined))).toContain('arrays and objects');
  });
});

describe('readHeaderBytes', () => {
  it('reads a length and refuses everything else', () => {
    expect([readHeaderBytes(undefined), readHeaderBytes('0'), readHeaderBytes('1234')]).toEqual([undefined, 0, 1_234]);
    for (const value of ['', '-1', '+1', '1.5', '1e3', '0x10', ' 1', '12345678901', 'NaN', ['1', '2']]) {
      expect(refusal(() => readHeaderBytes(value))).toContain('Inference-Header-Content-Length is no length');
    }
  });
});
