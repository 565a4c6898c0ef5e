import { describe, expect, it } from '@jest/globals';
import { readMultipartForm } from './multipart-form.js';

const type = 'multipart/form-data; boundary=b';
const part = (head: string, content: string) => `--b\r\n${head}\r\n\r\n${content}\r\n`;
const field = (name: string, content: string, more = '') => part(`Content-Disposition: form-data; name="${name}"${more}`, content);
const file = (name: string, content: string) => field(name, content, `; filename="a.jpg"\r\nContent-Type: image/jpeg`);
const form = (...parts: string[]) => `${parts.join('')}--b--\r\n`;
const read = async (body: string | Buffer, contentType = type) => {
  const { fields, files } = await readMultipartForm(Buffer.from(body), contentType);
  return {
    fields: Object.fromEntries(fields),
    files: Object.fromEntries([...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('latin1')])),
  };
};

describe('readMultipartForm', () => {
  it('reads fields and files as they stand, line ends and all', async () => {
    expect(await read(form(field('task', 'identity'), file('frame', 'a\r\n--\r\n-b\r\n')))).toEqual({
      fields: { task: 'identity' },
      files: { frame: 'a\r\n--\r\n-b\r\n' },
    });
  });

  it.each<[string, string, string | undefined, object]>([
    ['what stands before and behind', `preamble\r\n${form(field('a', '1'))}epilogue`, undefined, { a: '1' }],
    ['a quoted boundary', form(field('a', '1')), 'multipart/form-data; charset=x; boundary="b"', { a: '1' }],
    ['names in any case and order', form(part('CONTENT-disposition: Form-Data; NAME=a', '1')), undefined, { a: '1' }],
    ['a line that goes on', form(part('Content-Disposition: form-data;\r\n\tname="a"', '1')), undefined, { a: '1' }],
    ['an escaped quote', form(field('a\\"b', '1')), undefined, { 'a"b': '1' }],
    [
      'a JSON field',
      form(field('params', '{"x":[1]}', '\r\nContent-Type: application/json; charset=utf-8')),
      undefined,
      { params: { x: [1] } },
    ],
    ['no empty field', form(field('a', ''), field('b', '2')), undefined, { b: '2' }],
    ['no part that is no field', form(part('Content-Type: text/plain', 'x'), '--b\r\n\r\nx\r\n', field('b', '2')), undefined, { b: '2' }],
    ['no part at all', '--b--\r\n', undefined, {}],
  ])('takes %s', async (_what, body, contentType, fields) => {
    expect((await read(body, contentType)).fields).toEqual(fields);
  });

  it('takes a file without a name of a field, or without a file name, for a file', async () => {
    const octets = field('frame', 'x', '\r\nContent-Type: application/octet-stream');
    expect((await read(form(octets, part('Content-Disposition: form-data; filename="a"', 'y')))).files).toEqual({ frame: 'x', '': 'y' });
  });

  it('finds a boundary wherever it stands in a large body', async () => {
    for (const length of [1024 * 1024 - 4, 1024 * 1024, 3 * 1024 * 1024 + 1]) {
      const { files } = await read(form(file('frame', 'x'.repeat(length))));
      expect(files.frame?.length).toBe(length);
    }
  });

  it.each<[string, string, string, string?]>([
    ['no boundary in its type', form(field('a', '1')), 'invalid_argument', 'multipart/form-data'],
    ['nothing', '', 'invalid_argument'],
    ['another boundary', form(field('a', '1')), 'invalid_argument', 'multipart/form-data; boundary=c'],
    ['an end within a part', field('a', '1'), 'invalid_argument'],
    ['an end within a head', '--b\r\nContent-Disposition: form-data', 'invalid_argument'],
    ['a head without an end', `--b\r\nX: ${'x'.repeat(100_000)}`, 'invalid_argument'],
    ['a boundary that goes on', '--bc\r\n\r\n--b--', 'invalid_argument'],
    ['JSON that is none', form(field('a', '{', '\r\nContent-Type: application/json')), 'invalid_argument'],
    ['JSON that reaches for prototypes', form(field('a', '{"__proto__":1}', '\r\nContent-Type: application/json')), 'invalid_argument'],
    ['a name that belongs to all objects', form(field('__proto__', '1')), 'invalid_argument'],
    ['three files', form(...['a', 'b', 'c'].map((name) => file(name, 'x'))), 'payload_too_large'],
    ['17 fields', form(...Array.from({ length: 17 }, (_, index) => field(`f${index}`, 'x'))), 'payload_too_large'],
    ['21 parts', form(...Array.from({ length: 21 }, () => part('X: y', 'x'))), 'payload_too_large'],
    ['a long text', form(field('a', 'x'.repeat(64 * 1024 + 1))), 'payload_too_large'],
  ])('refuses %s', async (_what, body, code, ...[contentType]) => {
    await expect(read(body, contentType)).rejects.toMatchObject({ code });
  });
});
