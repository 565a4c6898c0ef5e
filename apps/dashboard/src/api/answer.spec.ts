import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readAnswer, refusalOf, unknownShape, unreachable } from './answer.js';

const Cameras = z.object({ cameras: z.array(z.string()) });

/** An answer whose connection is cut behind these characters. */
function cutBehind(text: string, init: ResponseInit = {}): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    pull: (controller) => controller.error(new TypeError('network error')),
  });
  return new Response(body, init);
}

describe('what an answer says', () => {
  it('is read with its schema', async () => {
    await expect(readAnswer(Response.json({ cameras: ['door'] }), Cameras)).resolves.toEqual({ cameras: ['door'] });
  });

  it.each(['', '<html>', '{"cameras":1}'])('is not understood when it is %p', async (text) => {
    await expect(readAnswer(new Response(text), Cameras)).rejects.toMatchObject({ status: 200, message: unknownShape });
  });

  it('is missing, not misunderstood, when the connection breaks in its middle', async () => {
    await expect(readAnswer(cutBehind('{"cameras":['), Cameras)).rejects.toMatchObject({
      status: 0,
      message: 'The server cannot be reached.',
    });
  });
});

describe('why a request was refused', () => {
  const refusal = (detail: unknown) => refusalOf(Response.json({ detail }, { status: 422 }));

  it('is what the answer says, with the name that the API gives it', async () => {
    expect(await refusal('no such camera')).toMatchObject({ status: 422, message: 'no such camera', reason: undefined });
    expect(await refusal({ error: 'duplicate_camera', message: 'is there' })).toMatchObject({
      message: 'is there',
      reason: 'duplicate_camera',
    });
  });

  it('is told of each field', async () => {
    const { fields, message } = await refusal([
      { loc: ['body', 'name'], msg: 'is too long' },
      { loc: ['body', 'zone', 0], msg: 'is no point' },
    ]);
    expect(message).toBe('name: is too long; zone.0: is no point');
    expect(Object.fromEntries(fields)).toEqual({ name: 'is too long', 'zone.0': 'is no point' });
  });

  it('is the status alone when nothing else came', async () => {
    for (const answer of [new Response('<html>', { status: 502 }), cutBehind('{"det', { status: 502 })])
      expect(await refusalOf(answer)).toMatchObject({ status: 502, message: 'The server answered 502.' });
  });
});

it('a request that was given up is no failure of the server', () => {
  const given = new DOMException('aborted', 'AbortError');
  expect(unreachable(given)).toBe(given);
  expect(unreachable(new TypeError('failed to fetch'))).toMatchObject({ status: 0 });
});
