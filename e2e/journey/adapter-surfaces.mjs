// The adapter's further tasks and its three wire surfaces, over the wire: the documentation's requests as they stand, faces that are
// known again, folders that an operator drops in, Contract v1, the Open Inference Protocol, and the API document.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import { call, check, eventually, expectStatus } from './checks.mjs';
import { samplePicture } from './media.mjs';

const personFrame = { uri: 'opennvr://frames/camera_0/person.jpg' };
/** A black JPEG of one pixel. */
const onePixelJpeg = Buffer.from(
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////' +
    '////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AKp//2Q==',
  'base64',
);

const form = (fields, files) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  for (const [name, bytes] of Object.entries(files)) body.set(name, new Blob([bytes], { type: 'image/jpeg' }), `${name}.jpg`);
  return body;
};

export async function checkAdapterSurfaces(system) {
  await checkTasks(system);
  await checkFaces(system);
  await checkFolders(system);
  await checkContract(system);
  await checkOpenInference(system);
  await checkDocument(system);
}

async function checkTasks({ adapter }) {
  const infer = async (task, data) => expectStatus(await call(`${adapter}/infer`, { method: 'POST', json: { task, data } }), 200).json;

  await check('adapter: the documentation’s face_detection answers with boxes, five landmarks, age', async () => {
    const { faces, face_count: count } = await infer('face_detection', { frame: personFrame });
    assert.equal(faces.length, count);
    assert.ok(count >= 1, 'no face on a photo of people');
    for (const { bbox, landmarks, age } of faces) {
      assert.ok(bbox[2] > bbox[0] && bbox[3] > bbox[1]);
      if (landmarks) assert.equal(landmarks.length, 5);
      assert.ok(Number.isInteger(age));
    }
  });
  await check('adapter: the documentation’s scene_description is a sentence that says what made it', async () => {
    const {
      caption,
      model_id: modelId,
      source,
    } = await infer('scene_description', { frame: { uri: 'opennvr://camera_0/event_trigger.jpg' } });
    assert.match(caption, /people|person/i);
    assert.deepEqual([modelId, source], ['nightjar/template-caption', 'template']);
  });
  await check('adapter: the documentation’s pipeline runs, and its frame is decoded once', async () => {
    const answer = expectStatus(
      await call(`${adapter}/pipeline/run`, {
        method: 'POST',
        json: { steps: ['person_detection', 'scene_description'], data: { frame: { uri: 'opennvr://camera_warehouse/dark_corner.jpg' } } },
      }),
      200,
    );
    assert.equal(answer.json.status, 'success');
    assert.equal(answer.json.results.person_detection.label, 'person');
    assert.equal(typeof answer.json.results.scene_description.caption, 'string');
    assert.equal(answer.headers.get('x-frame-decodes'), '1');
  });
  await check('adapter: a pipeline with an unknown step is refused before any work, one that fails gives what it has', async () => {
    const run = (json) => call(`${adapter}/pipeline/run`, { method: 'POST', json });
    expectStatus(await run({ steps: ['person_detection', 'nonsense'], data: { frame: personFrame } }), 400);
    const { json } = expectStatus(
      await run({ steps: ['person_detection', 'object_detection'], data: { frame: personFrame, model: 'faceres' } }),
      200,
    );
    assert.equal(json.status, 'error');
    assert.equal(json.failed_at, 'person_detection');
  });
  await check('adapter: object_detection, text_recognition, license_plate_recognition, motion_detection, identity answer', async () => {
    assert.ok((await infer('object_detection', { frame: personFrame })).detections.some(({ label }) => label === 'person'));
    assert.ok(Array.isArray((await infer('text_recognition', { frame: personFrame })).lines));
    assert.ok(Array.isArray((await infer('license_plate_recognition', { frame: personFrame })).plates));
    assert.equal((await infer('motion_detection', { frame: personFrame, session: 'journey' })).motion, false);
    assert.match((await infer('identity', { frame: personFrame })).sha256, /^[0-9a-f]{64}$/);
  });
}

async function checkFaces({ adapter }) {
  const post = (route, json) => call(`${adapter}${route}`, { method: 'POST', json });
  // The largest face of a photo with several, and of another photo.
  const frame = (number) => ({ base64: fs.readFileSync(samplePicture(number)).toString('base64') });

  await check(
    'adapter: a registered face is recognised on its picture, verified, on the watchlist, and forgotten when removed',
    async () => {
      const { json } = expectStatus(
        await post('/faces/register', { person_id: 'journey-1', name: 'Journey Person', category: 'watchlist', frame: frame(5) }),
        200,
      );
      assert.equal(json.success, true);
      assert.ok((await call(`${adapter}/faces/list`)).json.faces.some(({ person_id: id }) => id === 'journey-1'));
      const recognised = expectStatus(await post('/infer', { task: 'face_recognition', data: { frame: frame(5) } }), 200).json;
      assert.equal(recognised.recognized, true);
      assert.equal(recognised.person_id, 'journey-1');
      const { json: same } = await post('/infer', { task: 'face_verify', data: { frame1: frame(5), frame2: frame(5) } });
      assert.equal(same.is_same_person, true);
      const { json: watched } = await post('/infer', { task: 'watchlist_check', data: { frame: frame(5) } });
      assert.equal(watched.is_on_watchlist, true);
      expectStatus(await call(`${adapter}/faces/journey-1`, { method: 'DELETE' }), 200);
      expectStatus(await call(`${adapter}/faces/journey-1`), 404);
      const { json: forgotten } = await post('/infer', { task: 'face_recognition', data: { frame: frame(5) } });
      assert.equal(forgotten.recognized, false);
    },
  );
}

async function checkFolders({ adapter, dataDir }) {
  const capabilities = async () => (await call(`${adapter}/capabilities`)).json.tasks;
  await check('adapter: the guide’s own task is offered a moment after its folder was dropped in, and is gone with it', async () => {
    const guide = fs.readFileSync(new URL('../../docs/guide/your-own-task.md', import.meta.url), 'utf8');
    const folder = path.join(dataDir, 'tasks', 'crowd');
    fs.mkdirSync(folder, { recursive: true });
    for (const [, file, block] of guide.matchAll(/`(task\.\w+)`:\n\n```\w+\n([^]*?)```/g)) fs.writeFileSync(path.join(folder, file), block);
    await eventually('the task', async () => (await capabilities()).includes('crowd_level'));
    const data = { frame: personFrame, crowded_from: 1 };
    const { json } = expectStatus(await call(`${adapter}/infer`, { method: 'POST', json: { task: 'crowd_level', data } }), 200);
    assert.equal(json.crowded, true);
    fs.rmSync(folder, { recursive: true });
    await eventually('the end of the task', async () => !(await capabilities()).includes('crowd_level'));
  });
  await check('adapter: a model folder with a broken manifest is told, and takes nothing away', async () => {
    const folder = path.join(dataDir, 'models', 'broken-model');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(
      path.join(folder, 'model.json'),
      '{"name": "broken-model", "format": "onnx", "files": [{"path": "../../credentials.json"}]}',
    );
    const told = await eventually('the problem', async () =>
      (await call(`${adapter}/adapters`)).json.details.find(({ name }) => name === 'broken-model'),
    );
    assert.equal(told.enabled, false);
    assert.ok((await capabilities()).includes('person_counting'));
    assert.ok(!JSON.stringify(told).includes(dataDir), 'the answer tells a path');
    fs.rmSync(folder, { recursive: true });
  });
}

async function checkContract({ adapter }) {
  const base = `${adapter}/contract`;
  await check('contract v1: health, capabilities and hardware evaluation in their strict shapes', async () => {
    const health = expectStatus(await call(`${base}/health`), 200);
    assert.deepEqual(Object.keys(health.json).sort(), [
      'adapter_name',
      'adapter_version',
      'model_name',
      'model_version',
      'started_at',
      'status',
      'uptime_seconds',
    ]);
    assert.equal(health.json.status, 'ok');
    assert.ok(health.headers.get('x-correlation-id'));
    const { json } = expectStatus(await call(`${base}/capabilities`), 200);
    assert.equal(json.endpoints.infer_stream.supported, true);
    assert.ok(json.tasks_advertised.includes('object_detection'));
    assert.ok(['ok', 'warn'].includes((await call(`${base}/hardware/evaluation`)).json.verdict));
  });
  await check('contract v1: a black JPEG of one pixel is answered 200 with no detections, the correlation id echoed', async () => {
    const answer = await call(`${base}/infer`, {
      method: 'POST',
      body: form({}, { frame: onePixelJpeg }),
      headers: { 'x-correlation-id': 'journey-7' },
    });
    assert.deepEqual(expectStatus(answer, 200).json.result.detections, []);
    assert.equal(answer.headers.get('x-correlation-id'), 'journey-7');
  });
  await check('contract v1: a photo as frame_b64 gives normalised boxes; what is no picture gives a failure envelope', async () => {
    const frame = fs.readFileSync(samplePicture(1)).toString('base64');
    const { json } = expectStatus(await call(`${base}/infer`, { method: 'POST', json: { frame_b64: frame, camera_id: 'cam1' } }), 200);
    assert.equal(json.status, 'ok');
    for (const { bbox } of json.result.detections) assert.ok(bbox.x >= 0 && bbox.y >= 0 && bbox.x + bbox.w <= 1 && bbox.y + bbox.h <= 1);
    const bad = await call(`${base}/infer`, { method: 'POST', json: { frame_b64: 'AAAA' } });
    assert.equal(expectStatus(bad, 400).json.error.category, 'transport_error');
  });
  await check('contract v1: the metrics that its clients look for are there', async () => {
    const text = await (await fetch(`${base}/metrics`)).text();
    for (const name of ['adapter_infer_total', 'adapter_infer_latency_seconds', 'adapter_model_loaded'])
      assert.ok(text.includes(name), name);
  });
  await check('contract v1: a stream over WebSocket: handshake, frame, result, close', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/infer/stream`);
    const messages = [];
    socket.on('message', (data) => messages.push(JSON.parse(data)));
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.send(JSON.stringify({ type: 'handshake', client_id: 'journey', camera_id: 'cam1', frame_transport: 'websocket' }));
    await eventually('the ack', () => messages.find(({ type }) => type === 'handshake_ack'));
    socket.send(JSON.stringify({ type: 'frame', seq: 1, ts_ms: 0, content_type: 'image/jpeg' }));
    socket.send(fs.readFileSync(samplePicture(1)));
    const { seq, result } = await eventually('the result', () => messages.find(({ type }) => type === 'result'));
    assert.equal(seq, 1);
    assert.ok(result.detections.length >= 1);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.send(JSON.stringify({ type: 'close', reason: 'done' }));
    await closed;
  });
}

async function checkOpenInference({ adapter }) {
  await check('Open Inference Protocol: ready, metadata, a tensor through identity, a photo through a task', async () => {
    expectStatus(await call(`${adapter}/v2/health/ready`), 200);
    assert.ok((await call(`${adapter}/v2`)).json.extensions.length > 0);
    const tensor = { name: 'INPUT0', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] };
    const echoed = await call(`${adapter}/v2/models/identity/infer`, { method: 'POST', json: { id: 'j1', inputs: [tensor] } });
    assert.deepEqual(expectStatus(echoed, 200).json.outputs[0].data, [1, 2, 3, 4]);
    assert.equal(echoed.json.id, 'j1');
    expectStatus(await call(`${adapter}/v2/models/object_detection/ready`), 200);
    expectStatus(await call(`${adapter}/v2/models/nonsense`), 404);
  });
}

async function checkDocument({ adapter }) {
  await check('adapter: /docs shows an OpenAPI 3.1 document with every task', async () => {
    const { json } = expectStatus(await call(`${adapter}/docs/openapi.json`), 200);
    assert.match(json.openapi, /^3\.1/);
    const text = JSON.stringify(json);
    for (const task of (await call(`${adapter}/capabilities`)).json.tasks) assert.ok(text.includes(task), task);
    assert.match(await (await fetch(`${adapter}/docs`)).text(), /<html/i);
  });
}
