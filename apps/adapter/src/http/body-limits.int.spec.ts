import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdapterFixture, ask } from './adapter.fixture.js';
import type { AdapterHttp } from './adapter-http.js';

const routes = ['/infer', '/legacy/infer', '/pipeline/run', '/faces/register', '/contract/infer'];
const megabytes = (count: number, text: string) => text.repeat(Math.floor((count * 1024 * 1024) / text.length));

const bombs: [string, string, string][] = [
  ['100 000 arrays inside each other', '['.repeat(100_000) + ']'.repeat(100_000), 'nested deeper than 64 levels'],
  ['100 000 objects inside each other', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000), 'nested deeper than 64 levels'],
  ['arrays inside each other that are never closed', megabytes(4, '['), 'nested deeper than 64 levels'],
  ['a million and more empty arrays', `[${megabytes(4, '[],')}[]]`, 'more than 20000 arrays and objects'],
  [
    'a million and more empty objects beside a task',
    `{"task":"identity","data":[${megabytes(4, '{},')}{}]}`,
    'more than 20000 arrays and objects',
  ],
  ['a million and more empty texts', `[${megabytes(4, '"",')}""]`, 'more than 50000 texts'],
  ['two million numbers', `[${megabytes(4, '1,')}1]`, 'more than 200000 values'],
];

describe('bodies that are made to cost', () => {
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  /** The text of an error, wherever its surface has it. */
  const refusal = async (route: string, body: string, headers?: Record<string, string>) => {
    const { status, body: answer } = await ask<{ detail?: string; error?: { message: string } }>(http, 'POST', route, body, headers);
    return { status, text: answer.detail ?? answer.error?.message };
  };

  beforeAll(async () => {
    fixture = await AdapterFixture.start({ startEngine: false });
    http = await fixture.open();
  });
  afterAll(() => fixture?.close());

  it.each(bombs)('are refused before they are parsed: %s', async (_what, body, text) => {
    for (const route of routes) expect(await refusal(route, body)).toEqual({ status: 400, text: expect.stringContaining(text) });
  });

  it.each([
    '{"task":"identity","data":{"frame":{"base64":""}},"__proto__":{"isAdmin":true}}',
    '{"task":"identity","data":{"__proto__":{"frame":{"base64":""}}}}',
    '{"task":"identity","data":{"constructor":{"prototype":{"frame":1}}}}',
    '{"steps":["identity"],"data":{"frame":{"base64":""},"\\u005f_proto__":1}}',
  ])('do not reach prototypes: %s', async (body) => {
    for (const route of routes) expect((await refusal(route, body)).status).toBe(400);
    expect(Object.prototype).not.toHaveProperty('isAdmin');
    expect({}).not.toHaveProperty('frame');
  });

  it('are refused as HTML forms, of which no route makes anything', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const fields = Array.from({ length: 100_000 }, (_, index) => `f${index}=1`).join('&');
    for (const route of routes) {
      expect(await refusal(route, fields, headers)).toEqual({ status: 415, text: 'send application/json or multipart/form-data' });
    }
  });

  it('are refused when they are packed, however much they would be unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    for (const route of routes) {
      const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
      const answer = await fetch(http.url + route, { method: 'POST', headers, body: bomb });
      expect([answer.status, await answer.text()]).toEqual([415, expect.stringContaining('without Content-Encoding')]);
    }
    for (const body of [bomb, gzipSync(bomb)]) {
      const headers = { 'Content-Encoding': 'gzip' };
      const answer = await fetch(`${http.url}/v2/models/identity/infer`, { method: 'POST', headers, body });
      expect([400, 413]).toContain(answer.status);
    }
  });

  it('do no harm, and what has a right to be large is taken', async () => {
    const frame = { base64: Buffer.alloc(16 * 1024 * 1024, 'picture').toString('base64') };
    const { status, body } = await ask(http, 'POST', '/infer', { task: 'identity', data: { frame } });
    expect({ status, size: body.size_bytes }).toEqual({ status: 200, size: 16 * 1024 * 1024 });
    expect((await ask(http, 'GET', '/health')).status).toBe(200);
  });
});
