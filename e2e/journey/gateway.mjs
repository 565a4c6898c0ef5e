// The job API over the wire: real videos and pictures in, real results out, and a job that survives its agent.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { call, check, eventually, expectStatus, sleep } from './checks.mjs';
import { makeVideo, samplePicture } from './media.mjs';
import { findProcess } from './system.mjs';

export async function checkGateway({ gateway, dataDir, scratch, apiKey }) {
  const key = { 'X-API-Key': apiKey };
  const submitVideo = (bytes, headers = key) =>
    call(`${gateway}/v0.2/request/video`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/octet-stream', ...headers },
    });
  const poll = async (location) => expectStatus(await call(new URL(location, gateway), { headers: key }), 200).json;
  const untilTerminal = (location, withinMs = 120_000) =>
    eventually(
      'a terminal state',
      async () => {
        const json = await poll(location);
        return ['finished', 'failed'].includes(json.status) && json;
      },
      { withinMs, everyMs: 300 },
    );

  await check('gateway: no key and a wrong key are answered 401', async () => {
    for (const headers of [{}, { 'X-API-Key': 'nj_wrong' }]) {
      expectStatus(await submitVideo(Buffer.alloc(10), headers), 401);
      expectStatus(await call(`${gateway}/v0.2/results/video/video_12345`, { headers }), 401);
    }
  });
  await check('gateway: an unknown job is answered 404', async () => {
    expectStatus(await call(`${gateway}/v0.2/results/video/video_12345`, { headers: key }), 404);
  });

  const video = path.join(scratch, 'three-shots.mp4');
  const { seconds, cuts } = makeVideo(video);
  await check('gateway: a video is accepted with 202, Location and job_id, moves on and gives real results', async () => {
    const answer = expectStatus(await submitVideo(fs.readFileSync(video)), 202);
    assert.match(answer.json.job_id, /^video_/);
    const location = answer.headers.get('location');
    assert.ok(location.endsWith(`/v0.2/results/video/${answer.json.job_id}`), location);
    const seen = new Set();
    const done = await eventually(
      'finished',
      async () => {
        const json = await poll(location);
        seen.add(json.status);
        assert.ok(['queued', 'processing', 'finished'].includes(json.status), JSON.stringify(json));
        return json.status === 'finished' && json;
      },
      { withinMs: 120_000, everyMs: 100 },
    );
    assert.ok(seen.has('processing') || seen.has('queued'), `states seen: ${[...seen].join(', ')}`);
    checkVideoResult(done.result, { seconds, cuts });
  });

  await check('gateway: a batch of pictures gives the persons of each, a broken one fails alone', async () => {
    const picture = (number) => fs.readFileSync(samplePicture(number)).toString('base64');
    const images = [
      { external_id: 'first', data_base64: picture(1) },
      { external_id: 'broken', data_base64: Buffer.from('this is no picture').toString('base64') },
      { external_id: 'third', data_base64: picture(2) },
    ];
    const answer = expectStatus(await call(`${gateway}/v0.2/request/images`, { method: 'POST', json: { images }, headers: key }), 202);
    assert.match(answer.json.job_id, /^image_batch_/);
    const done = await untilTerminal(answer.headers.get('location'));
    assert.equal(done.status, 'finished');
    assert.deepEqual(
      done.items.map((item) => [item.external_id, item.status]),
      [
        ['first', 'finished'],
        ['broken', 'failed'],
        ['third', 'finished'],
      ],
    );
    assert.ok(done.items[0].result.person_ids.length >= 2 && done.items[2].result.person_ids.length >= 1);
    assert.ok(done.items[1].error.code && done.items[1].error.message);
  });

  await check('gateway: bytes that are no video after all fail with a reason', async () => {
    const noise = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 256));
    const done = await untilTerminal(expectStatus(await submitVideo(noise), 202).headers.get('location'));
    assert.equal(done.status, 'failed');
    assert.ok(done.error.code && done.error.message, JSON.stringify(done));
    assert.ok(!JSON.stringify(done).includes(dataDir), 'the answer tells a path');
  });
  for (const [what, bytes] of [
    ['a text that is no video', Buffer.from('this is no video\n'.repeat(100))],
    [
      'a playlist that calls itself a video',
      Buffer.from('#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n'),
    ],
  ]) {
    await check(`gateway: ${what} is refused with a reason`, async () => {
      const { json } = expectStatus(await submitVideo(bytes), 422);
      assert.ok(json.error.code && json.error.message);
    });
  }

  const refusals = [
    ['an empty video', 400, () => submitVideo(Buffer.alloc(0))],
    ['a negative Max-Processing-Time', 400, () => submitVideo(Buffer.alloc(10), { ...key, 'Max-Processing-Time': '-1' })],
    [
      'a text as video',
      415,
      () => call(`${gateway}/v0.2/request/video`, { method: 'POST', body: 'x', headers: { ...key, 'content-type': 'text/plain' } }),
    ],
    [
      'an empty list of pictures',
      422,
      () => call(`${gateway}/v0.2/request/images`, { method: 'POST', json: { images: [] }, headers: key }),
    ],
    [
      'a body that is no JSON',
      400,
      () => call(`${gateway}/v0.2/request/images`, { method: 'POST', body: '{', headers: { ...key, 'content-type': 'application/json' } }),
    ],
  ];
  for (const [what, status, run] of refusals) {
    await check(`gateway: ${what} is answered ${status}`, async () => {
      const { json } = expectStatus(await run(), status);
      assert.ok(json.error.code && json.error.message);
    });
  }

  const long = path.join(scratch, 'long.mp4');
  const longVideo = makeVideo(long, { rounds: 20 });
  await check('gateway: a job whose agent is killed with SIGKILL still finishes, once', async () => {
    let location;
    // A machine that pauses here may have done the job by then: once more.
    for (let tries = 0, status; status !== 'processing'; tries++) {
      assert.ok(tries < 5, 'the job was done before the kill, five times');
      location = expectStatus(await submitVideo(fs.readFileSync(long)), 202).headers.get('location');
      await eventually('work under way', async () => (await poll(location)).status !== 'queued', { everyMs: 50 });
      await sleep(1_500);
      ({ status } = await poll(location));
    }
    const [agent] = findProcess(dataDir, 'apps/agent/dist/main.js');
    process.kill(agent.pid, 'SIGKILL');
    const done = await untilTerminal(location, 300_000);
    assert.equal(done.status, 'finished', JSON.stringify(done.error));
    checkVideoResult(done.result, longVideo);
    const again = await poll(location);
    assert.deepEqual(again.result, done.result);
  });
}

function checkVideoResult(result, { seconds, cuts }) {
  const { raw_scenes: scenes, frame_activity_diffs: diffs, person_constellation_scenes: constellations } = result;
  assert.equal(scenes.length, cuts.length + 1, `scenes: ${JSON.stringify(scenes).slice(0, 300)}`);
  assert.equal(scenes[0].start_seconds, 0);
  assert.ok(Math.abs(scenes.at(-1).end_seconds - seconds) < 0.5);
  cuts.forEach((cut, index) => {
    assert.equal(scenes[index].end_seconds, scenes[index + 1].start_seconds);
    assert.ok(Math.abs(scenes[index].end_seconds - cut) <= 0.5, `cut at ${cut} found at ${scenes[index].end_seconds}`);
  });
  assert.ok(diffs.length >= 4 && diffs.every((diff) => diff >= 0 && diff <= 1) && Math.max(...diffs) > 0.02);
  assert.ok(
    constellations.some(({ person_ids: persons }) => persons.length >= 1),
    'no persons found',
  );
  for (const { time_segment: segment, person_ids: persons } of constellations) {
    assert.ok(segment.end_seconds > segment.start_seconds && segment.end_seconds <= seconds + 0.5);
    for (const person of persons) assert.ok(person.relative_prominence > 0 && person.relative_prominence <= 1);
  }
  assert.ok(Array.isArray(result.ocr_results) && Array.isArray(result.sections));
}
