import { describe, expect, it } from '@jest/globals';
import { Base64Text } from '../../intake/base64-text.js';
import { cutJson, readJson } from './json-body.js';

const read = (text: string) => readJson(cutJson(Buffer.from(text)), JSON.parse) as Record<string, unknown>;
const bytes = Buffer.alloc(2_000_000, 'picture, and more of it');
const base64 = bytes.toString('base64');
const decode = (value: unknown) => {
  expect(value).toBeInstanceOf(Base64Text);
  return (value as Base64Text).decode();
};

describe('readJson', () => {
  it('leaves long base64 as it came where a picture is expected, in any writing', async () => {
    for (const text of [
      JSON.stringify({ data: { frame: { base64 } } }),
      JSON.stringify({ data: { frame: { base64 } } }, undefined, 4),
      JSON.stringify({ data: { frame: { base64 } } }).replaceAll('/', '\\/'),
      JSON.stringify({ data: { frame: { base64 } } })
        .replaceAll('A', '\\u0041')
        .replaceAll('=', '\\u003d'),
    ]) {
      const { frame } = read(text).data as { frame: { base64: unknown } };
      expect((await decode(frame.base64)).equals(bytes)).toBe(true);
    }
    expect((await decode(read(JSON.stringify({ frame_b64: base64 })).frame_b64)).equals(bytes)).toBe(true);
  });

  it('reads everything else as ever', () => {
    const base64 = Buffer.alloc(300_000, 'picture').toString('base64');
    const body = { other: base64, list: [{ base64 }], a: { b: { c: { base64 } } }, 'x"base64': base64, base64: 'c2hvcnQ=' };
    expect(JSON.stringify(read(JSON.stringify(body))) === JSON.stringify(body)).toBe(true);
    expect(read(JSON.stringify(body)).list).toEqual([{ base64: expect.any(String) }]);
    expect(() => read(`{"base64":"${base64}"`)).toThrow(SyntaxError);
  });

  it('says of base64 that is damaged anywhere that it is none', async () => {
    for (const at of [0, 131_071, 131_072, 1_500_000, base64.length - 3]) {
      for (const wrong of ['!', '=', 'é', '-', '_', ' ', '\\u0141']) {
        const text = base64.slice(0, at) + wrong + base64.slice(at + 1);
        await expect(decode(read(JSON.stringify({ frame_b64: text })).frame_b64)).rejects.toMatchObject({ code: 'invalid_argument' });
      }
    }
    await expect(decode(read(`{"frame_b64":"${base64}\\q"}`).frame_b64)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('refuses much that is no picture', () => {
    expect(() => read(JSON.stringify({ text: 'x'.repeat(1024 * 1024) }))).toThrow('beside pictures');
    expect(() => read(JSON.stringify({ list: new Array(200_002).fill(1) }))).toThrow('more than 200000 values');
    expect(read(JSON.stringify({ text: 'x'.repeat(1_000_000) })).text).toHaveLength(1_000_000);
  });
});
