import { describe, expect, it } from '@jest/globals';
import { encodeAnswer, type OipAnswer } from './infer-response.js';
import { prefixed, readOipAnswer } from './oip-bodies.fixture.js';

const answer: OipAnswer = {
  modelName: 'm',
  modelVersion: '1',
  id: '42',
  parameters: { model_fingerprint: 'sha256:0' },
  outputs: [
    { name: 'numbers', shape: [1, 2], datatype: 'INT64', bytes: new Uint8Array(BigInt64Array.from([2n ** 62n + 1n, -1n]).buffer) },
    { name: 'texts', shape: [2], datatype: 'BYTES', elements: [Buffer.from('ä"'), Buffer.from('')] },
  ],
};
const encode = async (selected: [string, boolean][], given: Partial<OipAnswer> = {}) => {
  const { body, headerBytes } = await encodeAnswer(
    { ...answer, ...given },
    selected.map(([name, isBinary]) => ({ name, isBinary })),
  );
  return { body: Buffer.from(body), headerBytes };
};

describe('encodeAnswer', () => {
  it('writes JSON with all digits', async () => {
    const { body, headerBytes } = await encode([['numbers', false], ['texts', false]]); // prettier-ignore
    expect(headerBytes).toBeUndefined();
    expect(body.toString()).toBe(
      '{"model_name":"m","model_version":"1","id":"42","parameters":{"model_fingerprint":"sha256:0"},"outputs":[' +
        '{"name":"numbers","datatype":"INT64","shape":[1,2],"data":[4611686018427387905,-1]},' +
        '{"name":"texts","datatype":"BYTES","shape":[2],"data":["ä\\"",""]}]}',
    );
  });

  it('writes binary data after the JSON, in the order of the outputs, and says how long the JSON is in bytes', async () => {
    const { body, headerBytes } = await encode([['texts', true], ['numbers', true]], { id: 'größer' }); // prettier-ignore
    const { fields, binary } = readOipAnswer(body, headerBytes);
    expect(fields.id).toBe('größer');
    expect(fields.outputs.map(({ name, parameters, data }) => [name, parameters, data])).toEqual([
      ['texts', { binary_data_size: 11 }, undefined],
      ['numbers', { binary_data_size: 16 }, undefined],
    ]);
    expect(binary.get('texts')).toEqual(prefixed('ä"', ''));
    expect(binary.get('numbers')?.readBigInt64LE(0)).toBe(2n ** 62n + 1n);
  });

  it('mixes both where outputs are asked for so', async () => {
    const { body, headerBytes } = await encode([['texts', false], ['numbers', true]]); // prettier-ignore
    const { fields, binary } = readOipAnswer(body, headerBytes);
    expect(fields.outputs[0]?.data).toEqual(['ä"', '']);
    expect([...binary.keys()]).toEqual(['numbers']);
  });

  it('leaves the id out where the request had none', async () => {
    expect((await encode([], { id: undefined })).body.toString()).not.toContain('"id"');
  });

  it('writes long tensors in pieces that fit together', async () => {
    const values = Float64Array.from({ length: 100_000 }, (_, index) => (index % 7 === 0 ? NaN : index / 8));
    const long = { name: 'long', shape: [values.length], datatype: 'FP64' as const, bytes: new Uint8Array(values.buffer) };
    const { body, headerBytes } = await encode([['long', false]], { outputs: [long] });
    const [output] = readOipAnswer(body, headerBytes).fields.outputs;
    expect(output?.data).toEqual([...values].map((value) => (Number.isNaN(value) ? null : value)));
  });

  it('refuses JSON for bytes that are no text and for more numbers than JSON should hold', async () => {
    const jpeg = { name: 'jpeg', shape: [1], datatype: 'BYTES' as const, elements: [Buffer.from([0xff, 0xd8])] };
    await expect(encode([['jpeg', false]], { outputs: [jpeg] })).rejects.toThrow('use binary data');
    const huge = { name: 'huge', shape: [2_000_001], datatype: 'UINT8' as const, bytes: new Uint8Array(2_000_001) };
    await expect(encode([['huge', false]], { outputs: [huge] })).rejects.toThrow('ask for it with binary_data');
    expect((await encode([['huge', true]], { outputs: [huge] })).body.length).toBeGreaterThan(2_000_000);
  });
});
