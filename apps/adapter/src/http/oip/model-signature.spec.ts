import { describe, expect, it } from '@jest/globals';
import { checkInputs, rawInput, selectOutputs, type ModelSignature, type TensorSignature } from './model-signature.js';
import type { WireTensor } from './wire-tensor.js';

const image: TensorSignature = { name: 'image', datatype: 'FP32', shape: [-1, 3] };
const flag: TensorSignature = { name: 'flag', datatype: 'BOOL', shape: [1] };
const signature: ModelSignature = { inputs: [image, flag], outputs: [image, flag] };
const tensor = (name: string, datatype: 'FP32' | 'BOOL', shape: number[]): WireTensor => ({
  name,
  datatype,
  shape,
  bytes: new Uint8Array(),
});
const good = [tensor('flag', 'BOOL', [1]), tensor('image', 'FP32', [5, 3])];

describe('checkInputs', () => {
  it('takes what the model takes, in any order', () => {
    expect(() => checkInputs(good, signature)).not.toThrow();
  });

  it.each<[string, WireTensor[], string]>([
    ['a missing input', [good[0]!], 'input "image" is missing'],
    ['an unknown input', [...good, tensor('__proto__', 'FP32', [1])], 'there is no input "__proto__"; the model takes "image", "flag"'],
    ['another datatype', [good[0]!, tensor('image', 'BOOL', [5, 3])], 'input "image" has datatype BOOL, the model takes FP32'],
    ['another size', [good[0]!, tensor('image', 'FP32', [5, 4])], 'input "image" has shape [5, 4], the model takes [-1, 3]'],
    ['another number of dimensions', [good[0]!, tensor('image', 'FP32', [5, 3, 1])], 'has shape [5, 3, 1]'],
  ])('refuses %s', (_what, inputs, message) => {
    expect(() => checkInputs(inputs, signature)).toThrow(message);
  });
});

describe('selectOutputs', () => {
  const select = (outputs: { name: string; parameters?: object }[] | undefined, allBinary = false) =>
    selectOutputs(
      outputs?.map(({ name, parameters = {} }) => ({ name, parameters: { ...parameters } })),
      signature,
      allBinary,
    );

  it('selects all outputs unless some are named', () => {
    const all = (isBinary: boolean) => [
      { name: 'image', isBinary },
      { name: 'flag', isBinary },
    ];
    expect(select(undefined)).toEqual(all(false));
    expect(select([], true)).toEqual(all(true));
    expect(select([{ name: 'flag' }])).toEqual([{ name: 'flag', isBinary: false }]);
  });

  it('lets an output decide for itself whether it is binary', () => {
    const outputs = [{ name: 'flag', parameters: { binary_data: false } }, { name: 'image' }];
    expect(select(outputs, true).map(({ isBinary }) => isBinary)).toEqual([false, true]);
  });

  it.each<[object, string]>([
    [{ name: 'constructor' }, 'there is no output "constructor"; the model has "image", "flag"'],
    [{ name: 'flag', parameters: { binary_data: 'yes' } }, 'binary_data is true or false'],
    [{ name: 'flag', parameters: { classification: 3 } }, 'classification is not supported'],
    [{ name: 'flag', parameters: { shared_memory_region: 'r' } }, 'shared memory is not supported'],
  ])('refuses %j', (output, message) => {
    expect(() => select([output as { name: string }])).toThrow(message);
  });

  it('refuses an output that is asked for twice', () => {
    expect(() => select([{ name: 'flag' }, { name: 'flag' }])).toThrow('asked for twice');
  });
});

describe('rawInput', () => {
  const raw = (bytes: number, ...inputs: TensorSignature[]) => rawInput(new Uint8Array(bytes), { inputs, outputs: [] });

  it('finds the one size that the shape leaves open', () => {
    expect(raw(24, image)).toMatchObject({ name: 'image', shape: [2, 3], datatype: 'FP32' });
    expect(raw(1, flag)).toMatchObject({ shape: [1] });
    expect(raw(0, image)).toMatchObject({ shape: [0, 3] });
  });

  it('takes the whole body as one element of BYTES', () => {
    expect(raw(7, { name: 'picture', datatype: 'BYTES', shape: [-1] })).toMatchObject({ shape: [1], elements: [new Uint8Array(7)] });
  });

  it('refuses sizes and models from which the shape does not follow', () => {
    expect(() => raw(23, image)).toThrow('23 bytes are no FP32 of shape [-1, 3]');
    expect(() => raw(2, flag)).toThrow('2 bytes are no BOOL of shape [1]');
    expect(() => raw(4, { ...image, shape: [-1, -1] })).toThrow('at most one variable dimension');
    expect(() => raw(4, { ...image, shape: [0, -1] })).toThrow('4 bytes are no FP32');
    expect(() => raw(4, image, flag)).toThrow('exactly 1 input, this one has 2');
    expect(() => raw(4)).toThrow('this one has 0');
    expect(() => raw(4, { name: 'x', datatype: 'BYTES', shape: [2] })).toThrow('one element of BYTES');
  });
});
