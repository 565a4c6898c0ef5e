import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readOipRequest, type OipRequest } from './infer-request.js';
import { RequestReader } from './request-reader.js';

const built = new URL('../../../dist/http/oip/large-request-worker.js', import.meta.url);
const unhurried = { timeoutMs: 60_000 };
const manyDigits = '18446744073709551615';

/** More than a mebibyte of JSON, in a buffer of its own as bodies are. */
function body(input: object, padding = 1_100_000): Buffer {
  const text = JSON.stringify({ parameters: { padding: 'x'.repeat(padding) }, inputs: [input] });
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text.replace(`"${manyDigits}"`, manyDigits).padEnd(text.length));
  return bytes;
}
const numbers = { name: 'INPUT0', datatype: 'FP32', shape: [2, 2], data: [1, 2.5, 3, 4] };
const plain = ({ inputs, parameters }: OipRequest) => ({
  inputs: inputs.map((input) =>
    input.datatype === 'BYTES' ? input.elements.map((element) => Buffer.from(element).toString('latin1')) : [...input.bytes],
  ),
  parameters,
});

describe('a large request', () => {
  let reader: RequestReader;
  beforeAll(() => {
    reader = new RequestReader(built);
  });
  afterAll(() => reader.close());

  it.each<[string, object]>([
    ['numbers', numbers],
    ['integers of more digits than a double has', { ...numbers, datatype: 'UINT64', shape: [1], data: [manyDigits] }],
    ['short and long texts', { name: 'INPUT0', datatype: 'BYTES', shape: [2], data: ['short', 'long'.repeat(10_000)] }],
  ])('is read in its own thread as a small one is: %s', async (_what, input) => {
    const expected = plain(readOipRequest(body(input), undefined));
    expect(plain(await reader.read(body(input), undefined, unhurried))).toEqual(expected);
  });

  it('gives its memory to the thread, binary data included, and gets it back', async () => {
    const header = body({ name: 'INPUT0', datatype: 'UINT8', shape: [3_000_000], parameters: { binary_data_size: 3_000_000 } });
    const whole = Buffer.concat([header, Buffer.alloc(3_000_000, 7)]);
    const { inputs } = await reader.read(whole, header.length, unhurried);
    expect(inputs).toMatchObject([{ name: 'INPUT0', shape: [3_000_000] }]);
    expect((inputs[0] as { bytes: Uint8Array }).bytes.every((byte) => byte === 7)).toBe(true);
    expect(whole.buffer.byteLength).toBe(0);
  });

  it('is refused with the same words', async () => {
    for (const wrong of [body({ ...numbers, shape: [5] }), body({ ...numbers, datatype: 'FP31' }), body(numbers).fill('[', 0, 10)]) {
      let said: unknown;
      try {
        readOipRequest(wrong, undefined);
      } catch (error) {
        said = error;
      }
      const { code, message } = said as { code: string; message: string };
      await expect(reader.read(wrong, undefined, unhurried)).rejects.toMatchObject({ name: 'AppError', code, message });
    }
  });

  it('waits for others, of which 128 MiB are let in', async () => {
    const megabytes30 = () => body(numbers, 30_000_000);
    const reads = [1, 2, 3, 4].map(() => reader.read(megabytes30(), undefined, unhurried));
    await expect(reader.read(megabytes30(), undefined, unhurried)).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
    expect((await Promise.all(reads)).map(({ inputs }) => inputs.length)).toEqual([1, 1, 1, 1]);
    expect((await reader.read(megabytes30(), undefined, unhurried)).inputs).toHaveLength(1);
  });

  it('leaves with its caller, and the next one is read', async () => {
    const caller = new AbortController();
    const [first, second] = [
      reader.read(body(numbers), undefined, unhurried),
      reader.read(body(numbers), undefined, { ...unhurried, signal: caller.signal }),
    ];
    caller.abort(new DOMException('the caller hung up', 'AbortError'));
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    expect((await first).inputs).toHaveLength(1);
    expect((await reader.read(body(numbers), undefined, unhurried)).inputs).toHaveLength(1);
  });

  it('fails when its thread ends, and the next one gets another', async () => {
    const own = new RequestReader(built);
    const lost = own.read(body(numbers, 20_000_000), undefined, unhurried);
    const refused = expect(lost).rejects.toMatchObject({ code: 'unavailable' });
    await Promise.resolve().then(() => own.close());
    await refused;
    expect((await own.read(body(numbers), undefined, unhurried)).inputs).toHaveLength(1);
    await own.close();
  });
});
