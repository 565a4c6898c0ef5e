// The agent over the wire: version, live WebSocket (the documentation's own sample too), what its manager tells of itself and of a stream,
// and a camera that goes and comes back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import { call, check, eventually, expectStatus, skip } from './checks.mjs';
import { readEventStream } from './nvr.mjs';
import { findProcess } from './system.mjs';

const streamId = '70c75b04-1ec8-4aa1-930c-ddad9e47b54b';

function readMessages(url, count, withinMs) {
  return new Promise((resolve, reject) => {
    const messages = [];
    const socket = new WebSocket(url);
    const timer = setTimeout(() => {
      socket.terminate();
      reject(new Error(`${messages.length} messages within ${withinMs / 1000} s`));
    }, withinMs);
    socket.on('message', (data) => {
      messages.push(JSON.parse(data.toString()));
      if (messages.length < count) return;
      clearTimeout(timer);
      socket.close();
      resolve(messages);
    });
    socket.on('unexpected-response', (_request, response) => {
      clearTimeout(timer);
      reject(Object.assign(new Error(`status ${response.statusCode}`), { status: response.statusCode }));
      response.resume();
    });
    socket.on('error', reject);
  });
}

export async function checkAgent({ agent, nvr, token, dataDir, scratch }) {
  const live = `${agent.replace('http', 'ws')}/1/ws?stream_id=`;
  await check('agent: /version', async () => {
    const answer = expectStatus(await call(`${agent}/version`), 200);
    assert.deepEqual(answer.json, { Version: { api: 1, major: 0, minor: 3, patch: 1 } });
    assert.match(answer.headers.get('luna-request-id'), /^[0-9]{10},[a-f0-9]{8}-([a-f0-9]{4}-){3}[a-f0-9]{12}$/);
  });
  await check('agent: /1/ws sends one message per analysed frame, with people sometimes', async () => {
    const messages = await readMessages(live + streamId, 12, 90_000);
    for (const message of messages) {
      assert.equal(message.stream_status, 'in_progress');
      assert.equal(message.error, null);
      const [estimation] = message.analytics_results.people_count.frame_estimations;
      assert.ok(Number.isInteger(estimation.people_count) && estimation.time_offset >= 0);
    }
  });
  await check('agent: an unknown stream is answered 404, a wrong stream_id 400', async () => {
    await assert.rejects(readMessages(`${live}00000000-0000-4000-8000-000000000000`, 1, 60_000), { status: 404 });
    await assert.rejects(readMessages(`${live}nonsense`, 1, 60_000), { status: 400 });
  });
  await checkPythonSample({ agent, scratch });
  await checkManager({ nvr, token });

  await check('agent: reads on when the camera goes away and comes back', async () => {
    const [camera] = findProcess(dataDir, 'demo-camera.main.js');
    assert.ok(camera, 'no demo camera process found');
    process.kill(camera.pid, 'SIGKILL');
    await eventually('the camera gone', () => !findProcess(dataDir, 'demo-camera.main.js').some(({ pid }) => pid === camera.pid));
    const goneAtMs = Date.now();
    await eventually('the camera restarted', () => findProcess(dataDir, 'demo-camera.main.js').length > 0);
    const frame = path.join(dataDir, 'frames', 'camera_0', 'latest.jpg');
    await eventually('a new frame', () => fs.statSync(frame).mtimeMs > goneAtMs + 1_500);
    const overlays = await readEventStream({ nvr, token, query: '?types=overlay', withinMs: 90_000, until: (all) => all.length >= 3 });
    assert.ok(overlays.length >= 3);
  });
}

async function checkManager({ nvr, token }) {
  const headers = { authorization: `Bearer ${token}` };
  const stream = async () => expectStatus(await call(`${nvr}/1/streams/${streamId}`, { headers }), 200).json;
  const turn = async (rotation) => {
    const json = { analytics: [], data: { rotation } };
    expectStatus(await call(`${nvr}/1/streams/${streamId}`, { method: 'PUT', headers, json }), 200);
    const isTurned = ({ width, height }) => (rotation === 0 ? width > height : width < height);
    await eventually(`turned by ${rotation}`, async () => isTurned((await stream()).video_info ?? {}));
  };
  await check('manager: /version, and /healthcheck knows that an agent is there', async () => {
    const { json } = expectStatus(await call(`${nvr}/version`), 200);
    assert.deepEqual(Object.keys(json.Version), ['api', 'major', 'minor', 'patch']);
    await eventually('an agent', async () => (await call(`${nvr}/healthcheck?include_luna_services=1`)).status === 200);
  });
  await check('manager: a stream tells of its video and shows its last picture, turned where that is asked for', async () => {
    await eventually('a picture', async () => (await stream()).video_info?.width > 0 && (await stream()).preview);
    const { preview } = await stream();
    const picture = await fetch(nvr + preview.url, { headers });
    assert.equal(picture.headers.get('content-type'), 'image/jpeg');
    assert.ok((await picture.arrayBuffer()).byteLength > 1_000);
    assert.equal((await call(nvr + preview.url)).status, 401);
    await turn(90);
    await turn(0);
  });
}

/** The sample of the public documentation, word for word but for the port and a limit of three messages. */
async function checkPythonSample({ agent, scratch }) {
  const name = 'agent: the documentation’s Python sample prints messages';
  const run = promisify(execFile);
  try {
    await run('python3', ['-c', 'import websockets']);
  } catch {
    return skip(name, 'python3 with the websockets package is not here');
  }
  const file = path.join(scratch, 'sample.py');
  fs.writeFileSync(
    file,
    `import asyncio
import websockets

async def main():
    uri = "${agent.replace('http', 'ws')}/1/ws?stream_id=${streamId}"  # Note filtering by gender!
    async with websockets.connect(uri) as websocket:
        for _ in range(3):
            data = await websocket.recv()
            print(data)


asyncio.run(main())
`,
  );
  await check(name, async () => {
    const { stdout } = await run('python3', [file], { timeout: 90_000 });
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines) assert.ok('analytics_results' in JSON.parse(line));
  });
}
