import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { AdapterFixture, ask } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';

const uri = 'opennvr://camera_warehouse/dark_corner.jpg';

interface PipelineBody {
  status: 'success' | 'error';
  results?: Record<string, Record<string, unknown>>;
  failed_at?: string;
  error?: string;
  partial_results?: Record<string, Record<string, unknown>>;
  decodes: number;
  latency_ms: number;
  detail?: string;
}

describe('/pipeline/run', () => {
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  const run = (steps: unknown, data: unknown = { frame: { uri } }) => ask<PipelineBody>(http, 'POST', '/pipeline/run', { steps, data });
  const infer = async (task: string) => (await ask(http, 'POST', '/infer', { task, data: { frame: { uri } } })).body;
  /** What two replies to the same question differ in. */
  const withoutTimes = (reply: Record<string, unknown> | undefined) => ({ ...reply, latency_ms: 0, executed_at: 0 });

  beforeAll(async () => {
    fixture = await AdapterFixture.start();
    const photo = await readFile(samplePictures[0]!);
    await fixture.writeFrame('camera_warehouse', 'dark_corner.jpg', photo);
    // A picture whose header is whole and whose body is not: found out only when it is decoded.
    await fixture.writeFrame('camera_warehouse', 'damaged.jpg', photo.subarray(0, 40_000));
    await fixture.writeFrame('camera_warehouse', 'text.jpg', 'this is a text file called .jpg');
    http = await fixture.open();
  });
  afterAll(() => fixture?.close());

  it('answers each step as /infer does, with one decode for all of them', async () => {
    const steps = ['person_detection', 'object_detection', 'motion_detection', 'identity', 'face_detection', 'face_recognition'];
    const { status, body, headers } = await run(steps);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'success', decodes: 1, latency_ms: expect.any(Number) });
    expect(headers.get('x-frame-decodes')).toBe('1');
    expect(Object.keys(body.results!)).toEqual(steps);
    for (const [step, result] of Object.entries(body.results!)) {
      expect(Object.keys(result)).toEqual(Object.keys(await infer(step)));
      expect(Number.isInteger(result.latency_ms)).toBe(true);
    }
    // Steps that look at all pixels anyway see the same ones alone.
    for (const step of ['identity', 'face_detection', 'face_recognition']) {
      expect(withoutTimes(body.results![step])).toEqual(withoutTimes(await infer(step)));
    }
    // A step that is alone lets the JPEG be shrunk while it is decoded: the same person, beside by a hundredth of the picture at most
    // (1920 pixels wide; the model's outputs have seven bits).
    const together = body.results!.person_detection as { bbox: number[]; confidence: number };
    const alone = (await infer('person_detection')) as unknown as { bbox: number[]; confidence: number };
    expect(Math.abs(together.confidence - alone.confidence)).toBeLessThan(0.05);
    together.bbox.forEach((value, index) => expect(Math.abs(value - alone.bbox[index]!)).toBeLessThan(19));
    const fingerprints = new Set(Object.values(body.results!).flatMap((result) => result.model_fingerprint ?? []));
    expect(headers.get('x-model-fingerprint')!.split(', ').sort()).toEqual([...fingerprints].sort());
  });

  it('decodes once however many steps look', async () => {
    const { body } = await run(Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? 'object_detection' : 'person_counting')));
    expect(body).toMatchObject({ status: 'success', decodes: 1 });
    expect(Object.keys(body.results!)).toEqual(['object_detection', 'person_counting']);
  });

  it('does not look at the picture for a step that needs no pixel', async () => {
    expect((await run(['identity'])).body).toMatchObject({ status: 'success', decodes: 0 });
  });

  it('keeps what went well when a step fails', async () => {
    const { status, body, headers } = await run(['identity', 'person_detection', 'object_detection'], {
      frame: { uri: 'opennvr://camera_warehouse/damaged.jpg' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'error', failed_at: 'person_detection', error: 'Invalid image: it cannot be decoded' });
    expect(Object.keys(body.partial_results!)).toEqual(['identity']);
    expect(body).not.toHaveProperty('results');
    expect(headers.has('x-model-fingerprint')).toBe(false);
  });

  it('takes the session from the camera, so that tracks go on', async () => {
    const ids = async () =>
      ((await run(['person_counting'])).body.results!.person_counting!.detections as { track_id: number }[]).map(({ track_id: id }) => id);
    const first = await ids();
    expect(await ids()).toEqual(first);
  });

  it('takes pictures in base64, and options that one step knows and the other does not', async () => {
    const photo = await sharp(samplePictures[1]!).resize(640).jpeg().toBuffer();
    const { body } = await run(['object_detection', 'identity'], { frame: { base64: photo.toString('base64') }, min_confidence: 0.99 });
    expect(body.results).toMatchObject({ object_detection: { count: 0 }, identity: { size_bytes: photo.length } });
  });

  it.each([
    ['an unknown step', ['person_detection', 'mind_reading'], undefined, 400, "Unknown task 'mind_reading'"],
    ['a step named like a property of objects', ['__proto__'], undefined, 400, "Unknown task '__proto__'"],
    ['no steps', [], undefined, 400, "Missing or invalid 'steps' array"],
    ['seventeen steps', Array(17).fill('identity'), undefined, 400, "Missing or invalid 'steps' array"],
    ['a missing frame', ['identity'], { frame: { uri: 'opennvr://camera_warehouse/gone.jpg' } }, 404, 'Frame not found'],
    ['no frame', ['identity'], {}, 400, "Missing 'frame'"],
    ['one of two frames', ['face_detection', 'face_verify'], { frame: { uri }, frame1: { uri } }, 400, "Missing 'frame2'"],
    ['a path out of the frames', ['identity'], { frame: { uri: 'opennvr://frames/../../etc/passwd' } }, 400, 'Invalid frame URI'],
    ['what is no picture', ['identity', 'person_detection'], { frame: { uri: 'opennvr://camera_warehouse/text.jpg' } }, 400, 'not a JPEG'],
    ['options of the wrong kind', ['object_detection'], { frame: { uri }, min_confidence: 'high' }, 400, 'min_confidence'],
    ['a session of the wrong kind', ['identity'], { frame: { uri }, session: { $ne: 1 } }, 400, 'session'],
  ])('does nothing at all for %s', async (_what, steps, data, status, detail) => {
    const answer = await run(steps, data);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toContain(detail);
  });

  it.each([['{"steps":'], ['[]'], ['null'], ['"steps"']])('refuses the body %s', async (body) => {
    expect((await ask(http, 'POST', '/pipeline/run', body)).status).toBe(400);
  });

  it('stands under /legacy too', async () => {
    expect((await ask(http, 'POST', '/legacy/pipeline/run', { steps: ['identity'], data: { frame: { uri } } })).body.status).toBe(
      'success',
    );
  });
});
