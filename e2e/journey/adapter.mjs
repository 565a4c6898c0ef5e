// The adapter over the wire: the public documentation's requests, and everything that must be refused.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { call, check, eventually, expectStatus } from './checks.mjs';
import { bombPng, samplePicture } from './media.mjs';
import { findProcess } from './system.mjs';

const documentedUris = [
  'opennvr://frames/camera_0/latest.jpg',
  'opennvr://frames/camera_0/person.jpg',
  'opennvr://camera_0/event_trigger.jpg',
  'opennvr://camera_warehouse/dark_corner.jpg',
];

function assertPersonCount(json) {
  assert.equal(json.task, 'person_counting');
  assert.equal(json.count, json.detections.length);
  assert.ok(Number.isInteger(json.latency_ms) && json.latency_ms >= 0);
  assert.ok(json.confidence >= 0 && json.confidence <= 1);
  for (const { bbox, confidence, track_id: trackId } of json.detections) {
    assert.equal(bbox.length, 4);
    assert.ok(bbox.every((side) => Number.isFinite(side)) && bbox[2] > 0 && bbox[3] > 0);
    assert.ok(confidence > 0.3 && confidence <= 1);
    assert.ok(Number.isInteger(trackId) && trackId >= 1);
  }
  assert.match(json.model_fingerprint, /[0-9a-f]{16,}/);
}

const multipart = (task, bytes, name = 'frame.jpg', type = 'image/jpeg') => {
  const form = new FormData();
  form.set('task', task);
  form.set('frame', new Blob([bytes], { type }), name);
  return form;
};

export async function checkAdapter({ adapter, dataDir }) {
  const infer = (json) => call(`${adapter}/infer`, { method: 'POST', json });
  const counting = (uri, field = 'data') => infer({ task: 'person_counting', [field]: { frame: { uri } } });

  for (const uri of documentedUris) {
    await check(`adapter: person_counting answers for ${uri}`, () =>
      eventually('200', async () => {
        const { json } = expectStatus(await counting(uri), 200);
        assertPersonCount(json);
        return true;
      }),
    );
  }
  await check('adapter: finds people in the demo camera’s live picture', () =>
    eventually('somebody', async () => {
      const { json } = await counting(documentedUris[0]);
      return json.count >= 1;
    }),
  );
  await check('adapter: "input" works like "data"', async () =>
    assertPersonCount(expectStatus(await counting(documentedUris[1], 'input'), 200).json),
  );
  await check('adapter: a multipart JPEG with field task is counted (2 to 4 of 3 people)', async () => {
    const { json } = expectStatus(
      await call(`${adapter}/infer`, { method: 'POST', body: multipart('person_counting', fs.readFileSync(samplePicture(1))) }),
      200,
    );
    assertPersonCount(json);
    assert.ok(json.count >= 2 && json.count <= 4, `counted ${json.count}`);
  });

  await check('adapter: /health tells RAM, cores, GPU and the loaded model', async () => {
    const { json } = expectStatus(await call(`${adapter}/health`), 200);
    assert.equal(json.status, 'healthy');
    assert.ok(json.system_hardware.cpu.cores >= 1 && json.system_hardware.ram_gb.total > 0 && Array.isArray(json.system_hardware.gpu));
    assert.ok(json.models_loaded.some(({ name }) => name === 'nanodet'));
  });
  await check('adapter: /capabilities lists the tasks that can be done here, and none that needs a model of one’s own', async () => {
    const { json } = expectStatus(await call(`${adapter}/capabilities`), 200);
    assert.deepEqual(Object.keys(json), ['tasks']);
    for (const task of ['person_counting', 'face_detection', 'scene_description', 'text_recognition'])
      assert.ok(json.tasks.includes(task), task);
    assert.ok(!json.tasks.includes('image_embedding'));
  });
  await check('adapter: /adapters lists what was found, enabled, loaded', async () => {
    const { json } = expectStatus(await call(`${adapter}/adapters`), 200);
    assert.equal(json.count, json.adapters.length);
    assert.ok(json.details.some((detail) => detail.enabled && detail.model_loaded && detail.tasks.includes('person_counting')));
  });

  const framesDir = path.join(dataDir, 'frames');
  fs.writeFileSync(path.join(framesDir, 'camera_0', 'text.jpg'), 'this is no picture\n');
  fs.writeFileSync(path.join(framesDir, 'camera_0', 'empty.jpg'), '');
  fs.symlinkSync('/etc/passwd', path.join(framesDir, 'camera_0', 'link.jpg'));
  const refusals = [
    ['an unknown task', 400, () => infer({ task: 'face_painting', data: { frame: { uri: documentedUris[1] } } }), /person_counting/],
    ['no task', 400, () => infer({ data: { frame: { uri: documentedUris[1] } } })],
    ['a prototype name as task', 400, () => infer({ task: 'constructor', data: { frame: { uri: documentedUris[1] } } })],
    [
      'a body that is no JSON',
      400,
      () => call(`${adapter}/infer`, { method: 'POST', body: '{"task":', headers: { 'content-type': 'application/json' } }),
    ],
    ['a missing frame', 404, () => counting('opennvr://frames/camera_0/nobody.jpg')],
    ['a path outside the frames root', 400, () => counting('opennvr://frames/../../../etc/passwd')],
    ['a path with encoded dots', 400, () => counting('opennvr://frames/camera_0/%2e%2e%2fpasswd')],
    ['a link out of the frames root', 400, () => counting('opennvr://camera_0/link.jpg'), undefined, [400, 404]],
    ['a file URL', 400, () => counting('file:///etc/passwd')],
    ['a text file called .jpg', 400, () => counting('opennvr://camera_0/text.jpg')],
    ['a 0-byte frame', 400, () => counting('opennvr://camera_0/empty.jpg')],
    ['a 0-byte upload', 400, () => call(`${adapter}/infer`, { method: 'POST', body: multipart('person_counting', Buffer.alloc(0)) })],
    [
      'a 60,000 x 60,000 PNG',
      400,
      () => call(`${adapter}/infer`, { method: 'POST', body: multipart('person_counting', bombPng(), 'bomb.png', 'image/png') }),
    ],
    [
      'an upload over 32 MiB',
      413,
      () => call(`${adapter}/infer`, { method: 'POST', body: multipart('person_counting', Buffer.alloc(33 << 20)) }),
    ],
  ];
  for (const [what, status, run, text, statuses] of refusals) {
    await check(`adapter: ${what} is answered ${status}`, async () => {
      const answer = await run();
      if (!(statuses ?? []).includes(answer.status)) expectStatus(answer, status);
      assert.equal(typeof answer.json.detail, 'string');
      assert.ok(!answer.json.detail.includes(dataDir), 'the answer tells a path');
      if (text) assert.match(answer.json.detail, text);
    });
  }

  await check('adapter: serves on after SIGKILL of every engine process, and answers what was running', async () => {
    const engines = findProcess(dataDir, 'engine-process');
    assert.ok(engines.length >= 1, 'no engine process found');
    const running = Array.from({ length: 8 }, () => counting(documentedUris[1]));
    for (const { pid } of engines) process.kill(pid, 'SIGKILL');
    for (const answer of await Promise.all(running))
      assert.ok([200, 503].includes(answer.status), `status ${answer.status}: ${answer.bytes}`);
    await eventually('a good answer', async () => (await counting(documentedUris[1])).status === 200);
    for (const { pid } of engines) assert.ok(!findProcess(dataDir, 'engine-process').some((now) => now.pid === pid));
  });
}
