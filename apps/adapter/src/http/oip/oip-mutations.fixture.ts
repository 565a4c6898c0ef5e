import { oipBody, prefixed } from './oip-bodies.fixture.js';

/** A request: its body, and the header that says how much of it is JSON. */
export interface OipMessage {
  readonly body: Buffer;
  readonly header: string | undefined;
}

function binary(fields: unknown, ...data: Uint8Array[]): OipMessage {
  const { body, headerBytes } = oipBody(fields, ...data);
  return { body, header: String(headerBytes) };
}

const json = (fields: unknown): OipMessage => ({ body: oipBody(fields).body, header: undefined });
const size = (bytes: number) => ({ parameters: { binary_data_size: bytes } });

/** Good requests of every kind. */
export const oipSeeds: readonly OipMessage[] = [
  json({ id: '1', inputs: [{ name: 'INPUT0', shape: [2, 3], datatype: 'FP32', data: [1, 2.5, -3, 1e-9, null, 0] }] }),
  json({ inputs: [{ name: 'INPUT0', shape: [2, 2], datatype: 'INT64', data: [[1, 2], [3, 9007199254740991]] }] }), // prettier-ignore
  { body: Buffer.from('{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"UINT64","data":[18446744073709551615]}]}'), header: undefined },
  json({ inputs: [{ name: 'INPUT0', shape: [2], datatype: 'BYTES', data: ['text', 'größer'] }], parameters: { binary_data_output: true } }),
  json({ inputs: [{ name: 'INPUT0', shape: [4], datatype: 'BOOL', data: [true, false, true, true] }], outputs: [{ name: 'OUTPUT0' }] }),
  json({
    inputs: [{ name: 'INPUT0', shape: [1], datatype: 'FP16', data: [0.5] }],
    parameters: { sequence_id: 7, priority: 2, timeout: 1e6 },
  }),
  binary({ inputs: [{ name: 'INPUT0', shape: [4], datatype: 'INT16', ...size(8) }] }, Buffer.alloc(8, 1)),
  binary({ inputs: [{ name: 'INPUT0', shape: [2], datatype: 'BYTES', ...size(12) }] }, prefixed('abcd', '')),
  binary(
    {
      inputs: [
        { name: 'INPUT0', shape: [1, 2], datatype: 'FP64', ...size(16) },
        { name: 'INPUT1', shape: [1], datatype: 'UINT8', data: [1] },
      ],
      outputs: [{ name: 'OUTPUT0', parameters: { binary_data: true } }],
    },
    Buffer.alloc(16),
  ),
  { body: Buffer.alloc(64, 3), header: '0' },
];

/** Numbers from 0 to 1, the same ones for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const hostileTokens = [
  '-1', '0', '1e9', '1e308', '-1e308', '1e999', '18446744073709551616', '9'.repeat(400), '0.1', 'null', 'true', '""', '[]', '{}', '[[[[[[]]]]]]',
  '"__proto__"', '"constructor"', '"\\u0000"', '"#1"', '"FP32"', '"BYTES"', '"binary_data_size"', 'NaN', '-Infinity', '{"__proto__":{"x":1}}',
  '"' + 'x'.repeat(2_000) + '"', '[' + '0,'.repeat(2_000) + '0]', '['.repeat(5_000), '\\', '\ufeff', '\u0000',
]; // prettier-ignore

type Mutation = (message: OipMessage, random: () => number) => OipMessage;

const pick = <Item>(items: readonly Item[], random: () => number): Item => items[Math.floor(random() * items.length)]!;
const place = (body: Buffer, random: () => number) => Math.floor(random() * (body.length + 1));

const mutations: readonly Mutation[] = [
  ({ body, header }, random) => ({ header, body: body.subarray(0, place(body, random)) }),
  ({ body, header }, random) => {
    const changed = Buffer.from(body);
    for (let bytes = 0; bytes < 1 + random() * 4 && body.length > 0; bytes++) changed[Math.floor(random() * body.length)] = random() * 256;
    return { header, body: changed };
  },
  ({ body, header }, random) => {
    const at = place(body, random);
    return { header, body: Buffer.concat([body.subarray(0, at), Buffer.from(pick(hostileTokens, random)), body.subarray(at)]) };
  },
  // One value of the JSON becomes another one, and the header still says the truth.
  ({ body, header }, random) => {
    const length = header === undefined ? body.length : Number(header);
    const text = body.toString('utf8', 0, length);
    const values = [...text.matchAll(/"[^"]*"|-?\d[\d.e+-]*|true|false|null/g)];
    if (values.length === 0) return { header, body };
    const { index, 0: value } = pick(values, random);
    const changed = Buffer.from(text.slice(0, index) + pick(hostileTokens, random) + text.slice(index + value.length));
    return { header: header && String(changed.length), body: Buffer.concat([changed, body.subarray(length)]) };
  },
  ({ body }, random) => ({
    body,
    header: pick([undefined, '0', '1', '-1', '99999999999', '4294967295', 'x', String(body.length), String(body.length - 1)], random),
  }),
  ({ body, header }, random) => {
    const from = place(body, random);
    return { header, body: Buffer.concat([body, body.subarray(from, from + 64)]) };
  },
];

/** A request with one to three damages, mostly one. */
export function mutate(message: OipMessage, random: () => number): OipMessage {
  let changed = message;
  for (let count = 0; count < 1 + Math.floor(random() ** 3 * 3); count++) changed = pick(mutations, random)(changed, random);
  return changed;
}
