import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import { AdapterFixture, ask } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';

/*
 * Every request of the public API reference to port 9100, its body letter for letter, and the fields of the answers it shows.
 */

const personCounting = `{
"task": "person_counting",
"data": {
"frame": { "uri": "opennvr://frames/camera_0/latest.jpg" }
}
}`;
const faceDetection = `{
"task": "face_detection",
"data": {
"frame": { "uri": "opennvr://frames/camera_0/person.jpg" }
}
}`;
const sceneDescription = `{
"task": "scene_description",
"data": {
"frame": { "uri": "opennvr://camera_0/event_trigger.jpg" }
}
}`;
const pipeline = `{
"steps": ["person_detection", "scene_description"],
"data": { "frame": {"uri": "opennvr://camera_warehouse/dark_corner.jpg"} }
}`;

describe('the requests of the public documentation', () => {
  let fixture: AdapterFixture;
  let http: AdapterHttp;

  beforeAll(async () => {
    fixture = await AdapterFixture.start();
    const photo = await readFile(samplePictures[0]!);
    for (const file of ['latest.jpg', 'person.jpg', 'event_trigger.jpg']) await fixture.writeFrame('camera_0', file, photo);
    await fixture.writeFrame('camera_warehouse', 'dark_corner.jpg', photo);
    http = await fixture.open();
  });
  afterAll(() => fixture?.close());

  it('count persons, with boxes as lists and track ids', async () => {
    const { status, body } = await ask(http, 'POST', '/infer', personCounting);
    expect(status).toBe(200);
    expect(body).toMatchObject({ task: 'person_counting', count: expect.any(Number), confidence: expect.any(Number) });
    const detections = body.detections as Record<string, unknown>[];
    expect(detections).toHaveLength(body.count as number);
    expect(detections.length).toBeGreaterThanOrEqual(2);
    detections.forEach((detection, index) => {
      expect(detection).toMatchObject({
        bbox: [0, 0, 0, 0].map(() => expect.any(Number)),
        confidence: expect.any(Number),
        track_id: index + 1,
      });
    });
    expect(Number.isInteger(body.latency_ms)).toBe(true);
  });

  it('find faces, with landmarks, age and gender', async () => {
    const { status, body } = await ask(http, 'POST', '/infer', faceDetection);
    expect(status).toBe(200);
    const faces = body.faces as { bbox: number[]; confidence: number; landmarks: number[][]; age?: number; gender?: string }[];
    expect(faces).toHaveLength(body.face_count as number);
    expect(faces.length).toBeGreaterThanOrEqual(2);
    for (const { bbox, landmarks } of faces) {
      expect(bbox[2]! > bbox[0]! && bbox[3]! > bbox[1]!).toBe(true);
      expect(landmarks).toHaveLength(5);
      for (const point of landmarks) expect(point).toEqual([expect.any(Number), expect.any(Number)]);
    }
    expect(faces.some(({ age, gender }) => Number.isInteger(age) && (gender === 'M' || gender === 'F'))).toBe(true);
    expect(Number.isInteger(body.latency_ms)).toBe(true);
  });

  it('describe a scene', async () => {
    const { status, body } = await ask(http, 'POST', '/infer', sceneDescription);
    expect(status).toBe(200);
    expect(body).toMatchObject({ task: 'scene_description', caption: expect.any(String), model_id: expect.any(String) });
    expect((body.caption as string).length).toBeGreaterThan(10);
    expect(Number.isInteger(body.latency_ms)).toBe(true);
  });

  it('run two tasks on one frame', async () => {
    const { status, body } = await ask(http, 'POST', '/pipeline/run', pipeline);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'success',
      decodes: 1,
      results: {
        person_detection: { label: 'person', confidence: expect.any(Number) },
        scene_description: { caption: expect.any(String) },
      },
    });
  });

  it('ask for health, capabilities and adapters', async () => {
    const health = (await ask(http, 'GET', '/health')).body;
    expect(health.system_hardware).toMatchObject({ cpu: { cores: expect.any(Number) }, ram_gb: {}, gpu: expect.any(Array) });
    expect(health.models_loaded).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'nanodet' })]));
    const { tasks } = (await ask(http, 'GET', '/capabilities')).body;
    expect(tasks).toEqual(expect.arrayContaining(['person_counting', 'face_detection', 'scene_description']));
    const { adapters, count } = (await ask(http, 'GET', '/adapters')).body;
    expect(adapters).toHaveLength(count as number);
  });
});
