// The NVR over the wire: login, cameras, clips that play, events that arrive live.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { call, check, eventually, expectStatus, sleep } from './checks.mjs';
import { countFrames } from './media.mjs';

export async function login({ nvr, adminPassword }) {
  const body = new URLSearchParams({ username: 'admin', password: adminPassword });
  return expectStatus(await call(`${nvr}/api/v1/auth/login`, { method: 'POST', body }), 200).json.access_token;
}

/** Reads a server-sent event stream until `until` says so or time is up. */
export async function readEventStream({ nvr, token, query = '', lastEventId, until, withinMs }) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), withinMs);
  const events = [];
  try {
    const headers = {
      Authorization: `Bearer ${token}`,
      Accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) }),
    };
    const response = await fetch(`${nvr}/api/v1/events/stream${query}`, { headers, signal: controller.signal });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type'), /text\/event-stream/);
    let buffered = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      buffered += part;
      const blocks = buffered.split(/\r?\n\r?\n/);
      buffered = blocks.pop();
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block
            .split(/\r?\n/)
            .filter((line) => !line.startsWith(':'))
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
        );
        if (fields.data === undefined) continue;
        events.push({ event: fields.event, id: fields.id, data: JSON.parse(fields.data), atMs: Date.now() });
        if (until(events)) return events;
      }
    }
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
  return events;
}

export async function checkNvr({ nvr, adminPassword, scratch }) {
  await check('nvr: every API route answers 401 without a token or with a wrong one', async () => {
    for (const route of ['cameras', 'cameras/1', 'recordings/1?start_unix=0&end_unix=1', 'events/latest', 'events/stream', 'auth/me']) {
      for (const headers of [{}, { Authorization: 'Bearer abc' }]) expectStatus(await call(`${nvr}/api/v1/${route}`, { headers }), 401);
    }
  });
  await check('nvr: a wrong password is answered 401', async () => {
    expectStatus(
      await call(`${nvr}/api/v1/auth/login`, {
        method: 'POST',
        body: new URLSearchParams({ username: 'admin', password: 'wrong-password' }),
      }),
      401,
    );
  });
  const token = await check('nvr: login gives a JWT', async () => {
    const jwt = await login({ nvr, adminPassword });
    const [header, claims] = jwt
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    assert.equal(header.alg, 'RS256');
    assert.ok(claims.exp - claims.iat <= 15 * 60 && claims.iss && claims.aud);
    return jwt;
  });
  const headers = { Authorization: `Bearer ${token}` };
  const get = async (route, status = 200) => expectStatus(await call(`${nvr}/api/v1/${route}`, { headers }), status);

  const camera = await check('nvr: /cameras lists the demo camera', async () => {
    const { json } = await get('cameras');
    const found = json.cameras.find(({ frames_name: name }) => name === 'camera_0');
    assert.equal(found.uuid, '70c75b04-1ec8-4aa1-930c-ddad9e47b54b');
    assert.ok(!JSON.stringify(json).match(/password/i));
    return found;
  });

  await check('nvr: the first clip is listed while it is recorded, and plays', async () => {
    const clip = await eventually('a clip', async () => {
      const now = Date.now() / 1000;
      const { json } = await get(`recordings/${camera.id}?start_unix=${now - 3_600}&end_unix=${now + 60}`);
      return json[0];
    });
    await playClip({ nvr, headers, clip, scratch });
  });
  await check('nvr: the camera is also found as "cam1", "cam-1" and by its frames name', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const reference of [`cam${camera.id}`, `cam-${camera.id}`, 'camera_0']) {
      assert.ok((await get(`recordings/${reference}?start_unix=${now - 3_600}&end_unix=${now + 60}`)).json.length >= 1);
    }
  });
  await check('nvr: wrong ranges are answered 422, an unknown camera 404', async () => {
    for (const query of ['', '?start_unix=5&end_unix=5', '?start_unix=x&end_unix=2', `?start_unix=0&end_unix=${32 * 86_400}`])
      await get(`recordings/${camera.id}${query}`, 422);
    await get('recordings/999999?start_unix=0&end_unix=1', 404);
    await get('unknown', 404);
  });

  await check('nvr: the stream delivers overlays within 2 s of their frame', async () => {
    const inTime = ({ data, atMs }) => atMs - data.frame_ts_ms < 2_000;
    const withBoxes = (all) => all.filter(({ data }) => data.tracks.length > 0);
    const events = await readEventStream({
      nvr,
      token,
      query: '?types=overlay',
      withinMs: 60_000,
      // A machine that pauses is late for some, but not for all of them.
      until: (all) => withBoxes(all).length >= 4 && withBoxes(all).some(inTime),
    });
    const boxes = events.filter(({ event, data }) => event === 'overlay' && data.tracks.length > 0);
    assert.ok(boxes.length >= 4, `${events.length} overlays, ${boxes.length} with boxes`);
    assert.ok(boxes.some(inTime), `${Math.min(...boxes.map(({ data, atMs }) => atMs - data.frame_ts_ms))} ms after the frame at best`);
    for (const { data, id } of boxes) {
      assert.equal(data.camera_id, camera.id);
      assert.equal(id, undefined);
      for (const { bbox } of data.tracks) assert.ok([bbox.x, bbox.y, bbox.w, bbox.h].every((value) => value >= 0 && value <= 1));
    }
  });
  await check('nvr: person events are rows, shown newest first, with their picture', async () => {
    const latest = await eventually(
      'an event',
      async () => {
        const { json } = await get('events/latest?limit=50');
        assert.equal(json.count, json.events.length);
        return json.events.length > 0 && json.events;
      },
      { withinMs: 120_000 },
    );
    assert.ok(latest.every(({ label, camera_id: id }) => label === 'person' && id === camera.id));
    const starts = latest.map(({ started_at: at }) => Date.parse(at));
    assert.deepEqual(
      starts,
      [...starts].sort((a, b) => b - a),
    );
    const evidence = await get(`events/${latest[0].id}/evidence`);
    assert.equal(evidence.bytes.readUInt16BE(0), 0xffd8);
  });
  await check('nvr: notifications arrive live, and Last-Event-ID replays what was missed, once', async () => {
    const isNotification = ({ event }) => event === 'notification';
    const isBeginning = ({ event, data }) => event === 'notification' && data.ended_at === null;
    const inTime = ({ data, atMs }) => atMs - data.payload.frame_ts_ms < 2_000;
    const live = (
      await readEventStream({
        nvr,
        token,
        query: '?types=notification',
        withinMs: 120_000,
        // Of those that tell of a beginning one is in time, whatever this machine pauses for.
        until: (all) => all.filter(isNotification).length >= 2 && (!all.some(isBeginning) || all.filter(isBeginning).some(inTime)),
      })
    ).filter(isNotification);
    assert.ok(live.length >= 2, `${live.length} notifications`);
    const beginnings = live.filter(isBeginning);
    assert.ok(beginnings.length === 0 || beginnings.some(inTime), 'all came more than 2 s after their frame');
    await sleep(1_000);
    const first = Number(live[0].id);
    const replayed = (
      await readEventStream({
        nvr,
        token,
        query: '?types=notification',
        lastEventId: first,
        withinMs: 60_000,
        until: (all) => all.filter(isNotification).length >= 1,
      })
    ).filter(isNotification);
    const ids = replayed.map(({ id }) => Number(id));
    assert.ok(ids.length >= 1 && ids.every((id) => id > first), `replayed ${ids}`);
    assert.equal(new Set(ids).size, ids.length);
  });
  return { token, camera };
}

/** Downloads a clip whole and in part, and decodes it. */
export async function playClip({ nvr, headers, clip, scratch }) {
  const url = new URL(clip.url, nvr);
  const whole = expectStatus(await call(url, { headers }), 200);
  const file = path.join(scratch, `clip-${clip.id}.mp4`);
  fs.writeFileSync(file, whole.bytes);
  assert.ok(countFrames(file) >= 1, 'no frame in the clip');
  const part = expectStatus(await call(url, { headers: { ...headers, Range: 'bytes=0-99' } }), 206);
  assert.equal(Buffer.compare(part.bytes, whole.bytes.subarray(0, 100)), 0);
  expectStatus(await call(url), 401);
}
