import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { AdapterHttp } from '../adapter-http.js';
import { AdapterFixture, ask } from '../adapter.fixture.js';
import { CapabilitiesResponse, FailureEnvelope, InferResponse } from './contract-messages.js';
import { blackPixel, photo } from './sample-frames.fixture.js';

describe('faces over Contract v1', () => {
  let adapter: AdapterFixture;
  let http: AdapterHttp;
  /** One person of the photograph. */
  let portrait: Buffer;

  const form = (fields: Record<string, string>, frame?: Uint8Array) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    if (frame) body.set('frame', new Blob([Uint8Array.from(frame)], { type: 'image/jpeg' }), 'face.jpg');
    return body;
  };
  const register = (fields: Record<string, string>, frame?: Uint8Array) =>
    ask(http, 'POST', '/contract/faces/register', form(fields, frame));
  const infer = async (task: string, frame: Uint8Array) => {
    const { body } = await ask(http, 'POST', '/contract/infer', form({ params: JSON.stringify({ task }) }, frame));
    return InferResponse.parse(body).result as Record<string, unknown> & { faces: { bbox: [number, number, number, number] }[] };
  };

  beforeAll(async () => {
    adapter = await AdapterFixture.start();
    http = await adapter.open();
    const [left, top, right, bottom] = (await infer('face_detection', photo)).faces[0]!.bbox;
    const margin = Math.round((right - left) / 2);
    portrait = await sharp(photo)
      .extract({
        left: Math.max(0, left - margin),
        top: Math.max(0, top - margin),
        width: right - left + margin,
        height: bottom - top + 2 * margin,
      })
      .jpeg()
      .toBuffer();
  });
  afterAll(() => adapter.close());

  it('registers a person, shows, recognises and forgets', async () => {
    const { status, headers, body } = await register(
      { person_id: 'p-1', name: 'Somebody', category: 'employee', metadata: '{"badge":7}' },
      portrait,
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      ok: true,
      face: expect.objectContaining({ person_id: 'p-1', name: 'Somebody', category: 'employee', metadata: { badge: 7 } }),
      face_bbox: [expect.any(Number), expect.any(Number), expect.any(Number), expect.any(Number)],
    });
    expect(JSON.stringify(body)).not.toContain('embedding');
    expect(headers.get('x-model-fingerprint')).toMatch(/^sha256:/);
    const summary = { person_id: 'p-1', name: 'Somebody', category: 'employee' };
    expect((await ask(http, 'GET', '/contract/faces')).body).toEqual({ faces: [summary], count: 1 });
    expect((await ask(http, 'GET', '/contract/faces?category=visitor')).body).toEqual({ faces: [], count: 0 });
    expect((await ask(http, 'GET', '/contract/faces/p-1')).body).toMatchObject({ face: { ...summary, metadata: { badge: 7 } } });
    expect(await infer('face_recognition', portrait)).toMatchObject({ recognized: true, person_id: 'p-1' });
    expect((await ask(http, 'DELETE', '/contract/faces/p-1')).body).toMatchObject({ ok: true, person_id: 'p-1' });
    expect(await infer('face_recognition', portrait)).toMatchObject({ recognized: false });
  });

  it('knows the same persons as the legacy surface', async () => {
    const body = { person_id: 'p-2', name: 'Legacy', frame: { base64: portrait.toString('base64') } };
    expect((await ask(http, 'POST', '/faces/register', body)).body).toMatchObject({ success: true });
    expect((await ask(http, 'GET', '/contract/faces/p-2')).body).toMatchObject({ face: { name: 'Legacy' } });
    expect((await ask(http, 'DELETE', '/contract/faces/p-2')).status).toBe(200);
    expect((await ask(http, 'GET', '/faces/p-2')).status).toBe(404);
  });

  it.each<[string, () => ReturnType<typeof register>, number, string]>([
    ['a picture without a face', () => register({ person_id: 'p', name: 'n' }, blackPixel), 422, 'malformed_input'],
    ['a picture with several faces', () => register({ person_id: 'p', name: 'n' }, photo), 422, 'malformed_input'],
    ['no picture', () => register({ person_id: 'p', name: 'n' }), 400, 'malformed_input'],
    ['no name', () => register({ person_id: 'p' }, portrait), 400, 'malformed_input'],
    ['damaged metadata', () => register({ person_id: 'p', name: 'n', metadata: '{' }, portrait), 400, 'malformed_input'],
    ['what is no picture', () => register({ person_id: 'p', name: 'n' }, Buffer.from('text')), 400, 'malformed_input'],
    ['a picture that is too large', () => register({ person_id: 'p', name: 'n' }, Buffer.alloc(33 * 1024 * 1024)), 413, 'malformed_input'],
    ['JSON', () => ask(http, 'POST', '/contract/faces/register', { person_id: 'p' }), 415, 'unsupported_content_type'],
    ['an unknown person', () => ask(http, 'GET', '/contract/faces/nobody'), 404, 'not_found'],
    ['a person named like a property of objects', () => ask(http, 'GET', '/contract/faces/__proto__'), 404, 'not_found'],
    ['an unknown person to forget', () => ask(http, 'DELETE', '/contract/faces/constructor'), 404, 'not_found'],
  ])('refuses %s with an envelope', async (_what, call, status, code) => {
    const reply = await call();
    expect([reply.status, FailureEnvelope.parse(reply.body).error.code]).toEqual([status, code]);
    expect((await ask(http, 'GET', '/contract/faces')).body).toEqual({ faces: [], count: 0 });
  });

  it('lists its routes among the extras', async () => {
    const { endpoints, tasks_advertised: tasks } = CapabilitiesResponse.parse((await ask(http, 'GET', '/contract/capabilities')).body);
    expect(endpoints.extra.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /faces/register',
      'GET /faces',
      'GET /faces/{person_id}',
      'DELETE /faces/{person_id}',
    ]);
    expect(tasks).toEqual(expect.arrayContaining(['face_detection', 'face_recognition', 'face_embedding']));
  });
});
