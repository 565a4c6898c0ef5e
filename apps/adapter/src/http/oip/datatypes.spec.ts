import { describe, expect, it } from '@jest/globals';
import { parseKeepingDigits } from './big-integers.js';
import {
  bytesFromJson,
  datatypeNames,
  datatypeOf,
  elementBytes,
  elementsOf,
  jsonFromBytes as jsonPieces,
  tensorTypeOf,
  type FixedDatatype,
} from './datatypes.js';
import { readOipRequest } from './infer-request.js';

const jsonFromBytes = (datatype: FixedDatatype, bytes: Uint8Array) => `[${[...jsonPieces(datatype, bytes)].join('')}]`;
const roundTrip = (datatype: FixedDatatype, values: readonly unknown[]) => {
  const bytes = bytesFromJson(datatype, values);
  return bytes && jsonFromBytes(datatype, bytes);
};

describe('datatypes', () => {
  it.each<[FixedDatatype, number, string]>([
    ['BOOL', 1, '[true,false]'],
    ['UINT8', 1, '[0,255]'],
    ['UINT16', 2, '[0,65535]'],
    ['UINT32', 4, '[0,4294967295]'],
    ['UINT64', 8, '[0,18014398509481984]'],
    ['INT8', 1, '[-128,127]'],
    ['INT16', 2, '[-32768,32767]'],
    ['INT32', 4, '[-2147483648,2147483647]'],
    ['INT64', 8, '[-9007199254740991,9007199254740991]'],
    ['FP16', 2, '[0.5,-65504,0.00006103515625]'],
    ['BF16', 2, '[0.5,-3,1.5]'],
    ['FP32', 4, '[0.5,-3.4028234663852886e+38,1e-45]'],
    ['FP64', 8, '[0.1,-1.7976931348623157e+308,5e-324]'],
  ])('%s has elements of %i bytes and comes back from JSON as it went in', (datatype, size, json) => {
    const values = JSON.parse(json) as unknown[];
    expect(elementBytes(datatype)).toBe(size);
    expect(bytesFromJson(datatype, values)).toHaveLength(size * values.length);
    // As numbers: the nearest double of a 32-bit float has more digits than were written.
    expect(
      (JSON.parse(roundTrip(datatype, values)!) as unknown[]).map((value) => (typeof value === 'number' ? Math.fround(value) : value)),
    ).toEqual(values.map((value) => (typeof value === 'number' ? Math.fround(value) : value)));
  });

  it.each<[FixedDatatype, unknown[]]>([
    ['BOOL', [0, 1, 'true', null]],
    ['UINT8', [-1, 256, 0.5, '1', null, true, Infinity]],
    ['INT8', [-129, 128]],
    ['UINT16', [65_536]],
    ['INT16', [32_768]],
    ['UINT32', [2 ** 32, -1]],
    ['INT32', [2 ** 31, NaN]],
    ['UINT64', [-1, 0.5, 2 ** 64, '1', null]],
    ['INT64', [2 ** 63, '12']],
    ['FP16', [65_505, '1', true]],
    ['FP32', [1e39, -1e39, '1', Infinity]],
    ['FP64', ['NaN', Infinity, []]],
  ])('%s refuses what it cannot hold: %j', (datatype, values) => {
    for (const value of values) expect(bytesFromJson(datatype, [value])).toBeUndefined();
  });

  it('writes null where JSON has no word, and reads null as not a number', () => {
    const bytes = new Uint8Array(Float32Array.from([NaN, Infinity, -Infinity, 1]).buffer);
    expect(jsonFromBytes('FP32', bytes)).toBe('[null,null,null,1]');
    for (const datatype of ['FP16', 'BF16', 'FP32', 'FP64'] as const) expect(roundTrip(datatype, [null])).toBe('[null]');
  });

  it('rounds halves of a 32-bit float as the hardware does', () => {
    // 1 + 2^-8 lies between two; the even one is 1. The next half goes up.
    expect(roundTrip('BF16', [1 + 2 ** -8, 1 + 3 * 2 ** -8])).toBe('[1,1.015625]');
  });

  it('reads elements that lie at any address', () => {
    const bytes = Buffer.alloc(9);
    bytes.writeInt32LE(-7, 1);
    bytes.writeInt32LE(8, 5);
    expect([...elementsOf('INT32', bytes.subarray(1))]).toEqual([-7, 8]);
  });

  it('has a word of the engine for all but one, and back', () => {
    const models = datatypeNames.filter((name) => tensorTypeOf(name) !== undefined);
    expect(datatypeNames.filter((name) => !models.includes(name))).toEqual(['BF16']);
    expect(models.map((name) => datatypeOf(tensorTypeOf(name)!))).toEqual(models);
    expect(datatypeOf('complex64')).toBeUndefined();
  });
});

describe('integers of 64 bits', () => {
  const read = (datatype: string, data: string) => {
    const body = `{"id":"12345678901234567890","inputs":[{"name":"x","shape":[4],"datatype":"${datatype}","data":${data}}]}`;
    const [tensor] = readOipRequest(Buffer.from(body), undefined).inputs;
    if (!tensor || tensor.datatype === 'BYTES') throw new Error('no numbers');
    return jsonFromBytes(tensor.datatype, tensor.bytes);
  };

  it('keep all their digits, there and back', () => {
    const data = '[9223372036854775807,-9223372036854775808,9007199254740993,1]';
    expect(read('INT64', data)).toBe(data);
    expect(
      read(
        'INT64',
        '[[9223372036854775807],[-9223372036854775808],[9007199254740993],[1]]'
          .replace(/\]?,\[/g, ',')
          .replace('[[', '[')
          .replace(']]', ']'),
      ),
    ).toBe(data);
    expect(read('UINT64', '[18446744073709551615,0,1,9007199254740993]')).toBe('[18446744073709551615,0,1,9007199254740993]');
  });

  it('may be written with an exponent where they are integers', () => {
    expect(read('INT64', '[1e18,1.5e3,2E0,9007199254740993]')).toBe('[1000000000000000000,1500,2,9007199254740993]');
  });

  it.each([
    ['INT64', '[9223372036854775808,0,0,0]'],
    ['UINT64', '[18446744073709551616,0,0,0]'],
    ['UINT64', '[-9223372036854775808,0,0,0]'],
    ['INT64', '["#9223372036854775807x",9223372036854775807,0,0]'],
    ['INT64', '[0.5,9223372036854775807,0,0]'],
    ['INT64', '["12",9223372036854775807,0,0]'],
  ])('%s refuses %s', (datatype, data) => {
    expect(() => read(datatype, data)).toThrow(`is no ${datatype}`);
  });
});

describe('an integer of a hundred thousand digits', () => {
  it('is refused', () => {
    const body = `{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[${'9'.repeat(100_000)}]}]}`;
    expect(() => readOipRequest(Buffer.from(body), undefined)).toThrow('is no INT64');
  });
});

describe('parseKeepingDigits', () => {
  it('refuses more long integers than are read in a moment', () => {
    const numbers = (count: number) => `[${'1234567890123456789,'.repeat(count - 1)}1234567890123456789]`;
    expect(parseKeepingDigits(numbers(100_000))).toHaveLength(100_000);
    expect(() => parseKeepingDigits(numbers(100_001))).toThrow('send them as binary data');
  });

  it('changes nothing but integers of many digits', () => {
    const values: unknown[] = [
      { a: '1234567890123456789', '1234567890123456789': '"1234567890123456789\\' },
      [1, -2, 0.1234567890123456789, 1.234567890123456789e-12, 123456789012345],
      '\\"',
      [null, true, [[]], {}],
      '\\\\',
      12345678901234567000000,
      'ends with backslashes \\\\\\',
    ];
    const { length } = values;
    const text = JSON.stringify(values).replace('1.2345678901234568e+22', '1.2345678901234568e+22');
    expect(parseKeepingDigits(text)).toEqual(JSON.parse(text));
    expect(parseKeepingDigits(` [ ${JSON.stringify(values)} , 12345678901234567890 ]`)).toEqual([values, '#12345678901234567890']);
    expect(values).toHaveLength(length);
  });
});
