import { describe, expect, it } from '@jest/globals';
import { readAnswer } from './infer-answer.js';

const answer = (status: number, body: unknown, headers = {}) =>
  readAnswer({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, 100);
const failure = { status: 'error', error: { category: 'overloaded', code: 'queue_full' } };

describe("an adapter's answer", () => {
  it('goes on byte for byte, with the fingerprint of the model and nothing else of its headers', () => {
    const text = '{ "status" : "ok" }';
    const headers = { 'x-model-fingerprint': 'sha256:00', 'set-cookie': 'a=b', server: 'x' };
    expect(answer(200, text, headers)).toEqual({
      status: 200,
      body: Buffer.from(text),
      headers: { 'X-Model-Fingerprint': 'sha256:00' },
    });
  });

  it.each([400, 404, 413, 415, 422, 500, 501, 503, 504])('of failure %i keeps its status and its envelope', (status) => {
    expect(answer(status, failure, { 'retry-after': '1' })).toEqual({
      status,
      body: { detail: failure },
      headers: { 'Retry-After': '1' },
    });
  });

  it.each([
    ['is a redirect', 302, '{}'],
    ['is empty', 204, ''],
    ['is a page', 200, '<html>'],
    ['is too large', 200, JSON.stringify('x'.repeat(200))],
    ["refuses the NVR's credential", 401, '{}'],
  ])('that %s is a bad gateway', (_what, status, body) => {
    expect(answer(status, body).status).toBe(502);
  });
});
