// The job API as an integrator uses it, over the wire: its generated client, webhooks that the public verifier accepts, one job for
// one Idempotency-Key, cancelling, live updates, uploads in pieces, keys, and what the system says of itself.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { Upload } from 'tus-js-client';
import { openJobApi, waitForImages, waitForVideo } from '../../libs/job-api-client/dist/index.js';
import { call, check, eventually, expectStatus, sleep } from './checks.mjs';
import { makeVideo, samplePicture } from './media.mjs';

const secret = 'whsec_bmlnaHRqYXItam91cm5leS1zZWNyZXQtMDE=';

export async function checkJobApi({ gateway, scratch, apiKey, nvrToken }) {
  const key = { 'X-API-Key': apiKey };
  const api = openJobApi({ url: gateway, credential: apiKey });
  const receiver = await startReceiver();
  const picture = fs.readFileSync(samplePicture(2)).toString('base64');
  const images = (extra = {}) => ({ images: [{ external_id: 'one', data_base64: picture }], ...extra });
  try {
    await check('job API: the generated client submits, waits and reads; faces, text and objects are there', async () => {
      const { data } = await api.POST('/v0.2/request/images', { body: images() });
      const job = await waitForImages(api, data.job_id, AbortSignal.timeout(120_000));
      const [{ result }] = job.items;
      assert.equal(job.status, 'finished');
      const seen = result.person_ids.filter(({ face_thumbnail: thumbnail }) => thumbnail !== null);
      assert.ok(seen.length >= 1, 'no face was found');
      assert.ok(seen.every(({ age, gender }) => (age === null || age > 0) && ['male', 'female', 'unidentified'].includes(gender)));
      assert.ok(
        result.person_ids.every(({ face_embedding: vector }) => vector.length === 0),
        'vectors of faces came out though the key does not ask for them',
      );
      assert.ok(result.object_detections.some(({ label }) => label === 'person'));
    });

    await check('job API: a webhook comes once, with the result, signed in both ways', async () => {
      const { data } = await api.POST('/v0.2/request/images', { body: images({ webhook: { url: `${receiver.url}/hook`, secret } }) });
      const message = await eventually('the webhook', () => receiver.messages.find(({ body }) => body.includes(data.job_id)));
      const polled = await waitForImages(api, data.job_id, AbortSignal.timeout(60_000));
      assert.deepEqual(JSON.parse(message.body), polled);
      assert.equal(message.headers['x-webhook-signature'], `sha256=${createHmac('sha256', secret).update(message.body).digest('hex')}`);
      new Webhook(secret).verify(message.body, message.headers);
      await sleep(1_000);
      assert.equal(receiver.messages.filter(({ body }) => body.includes(data.job_id)).length, 1);
    });

    await check('job API: a webhook into our own services or an unknown scheme is refused', async () => {
      for (const url of [`${gateway}/livez`, 'http://169.254.169.254/latest', 'ftp://example.org/x', 'http://[::ffff:127.0.0.1]/']) {
        const { response } = await api.POST('/v0.2/request/images', { body: images({ webhook: { url } }) });
        assert.equal(response.status, 422, url);
      }
    });

    await check('job API: one Idempotency-Key makes one job, also of twenty requests at once', async () => {
      const submit = (body) =>
        call(`${gateway}/v0.2/request/images`, { method: 'POST', json: body, headers: { ...key, 'Idempotency-Key': 'journey-1' } });
      const together = await Promise.all(Array.from({ length: 20 }, () => submit(images())));
      for (const { status } of together) assert.ok([202, 409].includes(status), `status ${status}`);
      const again = expectStatus(await submit(images()), 202);
      assert.equal(again.headers.get('idempotency-replayed'), 'true');
      const ids = new Set([again, ...together].filter(({ status }) => status === 202).map(({ json }) => json.job_id));
      assert.equal(ids.size, 1);
      expectStatus(await submit(images({ webhook: { url: `${receiver.url}/other` } })), 422);
    });

    const long = path.join(scratch, 'to-cancel.mp4');
    makeVideo(long, { rounds: 20 });
    await check('job API: a job that is worked on is cancelled within two seconds, and listeners hear of each of its moves', async () => {
      const events = await listen(`${gateway}/v1/jobs/events`, key);
      let jobId;
      let tookMs = Infinity;
      // A machine that pauses is late itself, but not each time.
      for (let tries = 0; tries < 5 && tookMs > 2_000; tries++) {
        const submitted = await call(`${gateway}/v0.2/request/video`, {
          method: 'POST',
          body: fs.readFileSync(long),
          headers: { 'content-type': 'video/mp4', ...key },
        });
        jobId = expectStatus(submitted, 202).json.job_id;
        const state = async () => (await call(`${gateway}/v1/jobs/${jobId}`, { headers: key })).json.status;
        await eventually('work under way', async () => (await state()) === 'processing', { everyMs: 50 });
        expectStatus(await call(`${gateway}/v1/jobs/${jobId}/cancel`, { method: 'POST', headers: key }), 202);
        const cancelledAtMs = performance.now();
        await eventually('its end', async () => (await state()) === 'cancelled', { everyMs: 50 });
        tookMs = performance.now() - cancelledAtMs;
      }
      assert.ok(tookMs <= 2_000, `${tookMs.toFixed(0)} ms`);
      const moves = () => events.of('job').filter((event) => event.job_id === jobId);
      await eventually('the news of its end', () => moves().some(({ status }) => status === 'cancelled'));
      assert.deepEqual([...new Set(moves().map(({ status }) => status))], ['queued', 'processing', 'cancelled']);
      events.close();
      expectStatus(await call(`${gateway}/v1/jobs/${jobId}`, { method: 'DELETE', headers: key }), 204);
      expectStatus(await call(`${gateway}/v1/jobs/${jobId}`, { headers: key }), 404);
    });

    const short = path.join(scratch, 'in-pieces.mp4');
    makeVideo(short);
    await check('job API: an upload in pieces survives a broken line (tus)', async () => {
      const url = await uploadInPieces(short, `${gateway}/v1/uploads`, key);
      const { headers } = await call(url, { method: 'HEAD', headers: { ...key, 'Tus-Resumable': '1.0.0' } });
      const job = await waitForVideo(api, headers.get('x-job-id'), AbortSignal.timeout(300_000));
      assert.equal(job.status, 'finished', JSON.stringify(job.error));
      assert.equal(job.result.raw_scenes.length, 3);
      assert.ok(job.result.sections.length >= 1);
    });

    await check('job API: a key that was made works, a revoked one does not; a user of the NVR may call too', async () => {
      const { data: made } = await api.POST('/v1/keys', { body: { name: 'journey', scopes: ['jobs:read'] } });
      const other = openJobApi({ url: gateway, credential: made.key });
      assert.equal((await other.GET('/v1/jobs', {})).response.status, 200);
      assert.equal((await other.POST('/v0.2/request/images', { body: images() })).response.status, 403);
      assert.equal((await api.DELETE('/v1/keys/{keyId}', { params: { path: { keyId: made.id } } })).response.status, 204);
      assert.equal((await other.GET('/v1/jobs', {})).response.status, 401);
      const user = openJobApi({ url: gateway, credential: nvrToken });
      assert.equal((await user.GET('/v1/jobs', {})).response.status, 200);
    });

    await check('job API: latency was observed, capacity is a share, status, limits and usage answer', async () => {
      for (const media_type of ['video', 'image']) {
        const { data } = await api.GET('/v0.2/status/latency', { params: { query: { media_type } } });
        assert.ok(data.latency_ms_per_unit > 0 && data.observed_units > 0, JSON.stringify(data));
      }
      const { data: capacity } = await api.GET('/v0.2/status/capacity', {});
      assert.ok(capacity.used_system_capacity >= 0 && capacity.used_system_capacity <= 1);
      // The agent that was killed counts until it was silent for a while.
      await eventually('one agent and one adapter', async () => {
        const { data: status } = await api.GET('/v1/status', {});
        return status.agents.length === 1 && status.adapters.length === 1;
      });
      for (const route of ['/v1/limits', '/v1/usage', '/docs', '/v1/openapi.json'])
        expectStatus(await call(`${gateway}${route}`, { headers: key }), 200);
    });
  } finally {
    await receiver.stop();
  }
}

/** A receiver of webhooks on a free port. */
async function startReceiver() {
  const messages = [];
  const server = http.createServer(async (request, response) => {
    const chunks = await request.toArray();
    messages.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    messages,
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** Reads server-sent events; returns once the stream is open. */
async function listen(url, headers) {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  assert.equal(response.status, 200);
  const events = [];
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const event = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (event && data) events.push({ event, data: JSON.parse(data) });
      }
    }
  })();
  reading.catch(() => undefined);
  return { of: (name) => events.filter(({ event }) => event === name).map(({ data }) => data), close: () => abort.abort() };
}

/** Sends a file in pieces, breaks off in the middle, and goes on with a second client. @returns address of the upload */
async function uploadInPieces(file, endpoint, headers) {
  const bytes = fs.readFileSync(file);
  const options = { endpoint, headers, chunkSize: Math.ceil(bytes.length / 4), metadata: { filename: 'clip.mp4' }, retryDelays: [] };
  const url = await new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      ...options,
      onError: reject,
      onChunkComplete: (_size, accepted) => {
        if (accepted < bytes.length / 2) return;
        void upload.abort().then(() => resolve(upload.url), reject);
      },
    });
    upload.start();
  });
  await new Promise((resolve, reject) => {
    // It may come while the server still has the piece in hand that broke off.
    new Upload(bytes, { ...options, retryDelays: [500, 2_000, 5_000], uploadUrl: url, onError: reject, onSuccess: resolve }).start();
  });
  return url;
}
