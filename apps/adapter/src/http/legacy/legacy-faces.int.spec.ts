import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { AdapterFixture, ask } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';

interface FacesBody {
  success?: boolean;
  ok?: boolean;
  person_id?: string;
  message?: string;
  detail?: string;
  faces?: object[];
  face?: Record<string, unknown>;
  face_bbox?: number[];
}

describe('/faces', () => {
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  const frame = { uri: 'opennvr://camera_0/group.jpg' };
  const call = (method: string, route: string, body?: unknown) => ask<FacesBody>(http, method, `/faces${route}`, body);
  const register = (fields: object) => call('POST', '/register', { person_id: 'emp-17', name: 'Ada', frame, ...fields });

  beforeAll(async () => {
    fixture = await AdapterFixture.start();
    const photo = await readFile(samplePictures[0]!);
    await fixture.writeFrame('camera_0', 'group.jpg', photo);
    const { body } = await detectFaces(await fixture.open(), frame);
    const [x1, y1, x2, y2] = body.faces[0]!.bbox;
    const side = Math.round(1.5 * Math.max(x2! - x1!, y2! - y1!));
    const left = Math.max(0, Math.round((x1! + x2! - side) / 2));
    const top = Math.max(0, Math.round((y1! + y2! - side) / 2));
    const portrait = await sharp(photo).extract({ left, top, width: side, height: side }).jpeg({ quality: 95 }).toBuffer();
    await fixture.writeFrame('camera_0', 'portrait.jpg', portrait);
    const wall = { create: { width: 640, height: 480, channels: 3 as const, background: 'grey' } };
    await fixture.writeFrame('camera_0', 'wall.jpg', await sharp(wall).jpeg().toBuffer());
    http = await fixture.open();
  });
  afterAll(() => fixture?.close());
  afterEach(async () => {
    for (const { person_id: id } of fixture.faces.list()) await fixture.faces.remove(id);
  });

  it('registers a person, knows them, tells of them, and forgets them', async () => {
    const registered = await register({ frame: { uri: 'opennvr://camera_0/portrait.jpg' }, category: 'employee', metadata: { badge: 7 } });
    expect(registered.status).toBe(200);
    expect(registered.body).toMatchObject({
      success: true,
      ok: true,
      person_id: 'emp-17',
      name: 'Ada',
      category: 'employee',
      message: 'Registered Ada',
      model_fingerprint: expect.stringMatching(/^sha256:/),
    });
    expect(registered.headers.get('x-model-fingerprint')).toBe((registered.body as { model_fingerprint?: string }).model_fingerprint);

    const recognised = await ask(http, 'POST', '/infer', { task: 'face_recognition', data: { frame } });
    expect(recognised.body).toMatchObject({ recognized: true, person_id: 'emp-17', name: 'Ada', category: 'employee' });

    const summary = { person_id: 'emp-17', name: 'Ada', category: 'employee' };
    expect((await call('GET', '/list')).body).toEqual({ faces: [summary], count: 1, total_count: 1 });
    expect((await call('GET', '/emp-17')).body).toEqual({
      face: {
        ...summary,
        metadata: { badge: 7 },
        model_name: expect.any(String),
        model_fingerprint: expect.any(String),
        created_at: expect.stringMatching(/^\d{4}-/),
        updated_at: expect.stringMatching(/^\d{4}-/),
      },
    });

    expect(await call('DELETE', '/emp-17')).toMatchObject({ status: 200, body: { success: true, ok: true, person_id: 'emp-17' } });
    for (const method of ['GET', 'DELETE']) {
      expect(await call(method, '/emp-17')).toMatchObject({ status: 404, body: { detail: 'Person emp-17 not found' } });
    }
  });

  it('takes the largest of several faces and says so', async () => {
    const { body } = await register({});
    expect(body).toMatchObject({ success: true, message: expect.stringMatching(/^Registered Ada with the largest of \d faces/) });
    const largest = (await detectFaces(http, frame)).body.faces.map(({ bbox }) => bbox).sort((a, b) => areaOf(b) - areaOf(a))[0]!;
    expect(body.face_bbox).toEqual(largest);
  });

  it('replaces the face of a person who is known', async () => {
    await register({});
    const again = await register({ frame: { uri: 'opennvr://camera_0/portrait.jpg' }, name: 'Ada Example', category: 'vip' });
    expect(again.body).toMatchObject({ success: true, message: 'Replaced the face of Ada Example' });
    expect((await call('GET', '/list')).body.faces).toEqual([{ person_id: 'emp-17', name: 'Ada Example', category: 'vip' }]);
  });

  it('registers nobody from a picture without a face, with status 200', async () => {
    expect(await register({ frame: { uri: 'opennvr://camera_0/wall.jpg' } })).toMatchObject({
      status: 200,
      body: { success: false, ok: false, person_id: 'emp-17', message: 'No face found in the picture' },
    });
    expect((await call('GET', '/list')).body).toEqual({ faces: [], count: 0, total_count: 0 });
  });

  it('takes a picture in base64, and lists by category in any case', async () => {
    const base64 = (await readFile(samplePictures[0]!)).toString('base64');
    await register({ frame: { base64 }, category: 'Watchlist' });
    await register({ person_id: 'emp-18', name: 'Grace', category: 'employee' });
    await register({ person_id: 'emp-19', name: 'Joan' });
    expect((await call('GET', '/list?category=watchlist')).body.faces).toEqual([
      { person_id: 'emp-17', name: 'Ada', category: 'Watchlist' },
    ]);
    expect((await call('GET', '/list?category=unknown')).body.faces).toMatchObject([{ person_id: 'emp-19' }]);
    expect((await call('GET', '/list')).body).toMatchObject({ count: 3, total_count: 3 });
  });

  it('takes names of object properties, slashes and other alphabets as ids like any other', async () => {
    for (const id of ['__proto__', 'constructor', 'a/b', 'Ада', 'x'.repeat(128)]) {
      expect(await call('GET', `/${encodeURIComponent(id)}`)).toMatchObject({ status: 404, body: { detail: `Person ${id} not found` } });
      expect((await register({ person_id: id })).body).toMatchObject({ success: true, person_id: id });
      expect((await call('GET', `/${encodeURIComponent(id)}`)).body.face).toMatchObject({ person_id: id });
    }
    expect((await call('GET', '/list')).body.faces).toHaveLength(5);
  });

  it.each([
    ['no name', { name: undefined }, 400, 'Missing required field: name'],
    ['a name with a line break', { name: 'A\nB' }, 400, 'Invalid input: name'],
    ['metadata that is too large', { metadata: { text: 'x'.repeat(9_000) } }, 400, 'Invalid input: metadata'],
    ['metadata that is nested too deep', { metadata: nested(20) }, 400, 'nested'],
    ['a frame that is not there', { frame: { uri: 'opennvr://camera_0/gone.jpg' } }, 404, 'Frame not found'],
    ['a path out of the frames', { frame: { uri: 'opennvr://frames/../../etc/passwd' } }, 400, 'Invalid frame URI'],
    ['what is no picture', { frame: { base64: 'aGVsbG8=' } }, 400, 'not a JPEG'],
  ])('refuses %s', async (_what, fields, status, detail) => {
    const answer = await register(fields);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toContain(detail);
    expect((await call('GET', '/list')).body).toMatchObject({ count: 0 });
  });

  it('refuses a list of categories, and ids that are too long, and repeats little of them', async () => {
    expect((await call('GET', '/list?category=a&category=b')).status).toBe(400);
    const { status, body } = await call('GET', `/${'x'.repeat(5_000)}`);
    expect(status).toBe(404);
    expect(body.detail!.length).toBeLessThan(200);
  });
});

function detectFaces(http: AdapterHttp, frame: { uri: string }) {
  return ask<{ faces: { bbox: number[] }[] }>(http, 'POST', '/infer', { task: 'face_detection', data: { frame } });
}

function areaOf([x1, y1, x2, y2]: number[]): number {
  return (x2! - x1!) * (y2! - y1!);
}

function nested(levels: number): object {
  return levels === 0 ? {} : { inner: nested(levels - 1) };
}
