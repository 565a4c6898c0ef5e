import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '@nightjar/auth';
import { parseNetwork } from '@nightjar/outbound';
import { until } from '@nightjar/testing';
import { Webhook } from 'standardwebhooks';
import { finishedVideo, GatewayFixture, imageResult, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { Receiver, withStatus } from './receiver.fixture.js';
import { shortTimings } from './sending.fixture.js';

const secret = 'a secret of the receiver';
const picture = { data_base64: Buffer.from('not looked at by the gateway').toString('base64') };
const neighbourKey = 'key-of-the-neighbour';
const webhooks = { networks: [parseNetwork('127.0.0.0/8')!], ownPorts: [9100], signatureFormat: 'sha256=hex' } as const;
/** Public, or inside. */
const addresses: Readonly<Record<string, string>> = { 'hooks.example.org': '93.184.216.34', 'inside.example.org': '10.0.0.7' };

describe('a job with a webhook', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;
  let receiver: Receiver;

  beforeAll(async () => {
    services = await startGatewayServices();
    const lookup = async (host: string) => {
      const address = addresses[host];
      if (address === undefined) throw Object.assign(new Error('no such host'), { code: 'ENOTFOUND' });
      return [{ address, family: 4 }];
    };
    fixture = await GatewayFixture.start({ ...services, config: { webhooks }, webhooks: { timings: shortTimings, lookup } });
    await fixture.database.apiKey.create({
      data: {
        tenantId: 2,
        name: 'neighbour',
        prefix: 'neigh',
        sha256: Uint8Array.from(hashApiKey(neighbourKey)),
        scopes: ['jobs:read', 'jobs:write'],
      },
    });
    receiver = await Receiver.start(withStatus(200));
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
    receiver.calls.length = 0;
  });
  afterAll(async () => {
    await receiver?.close();
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const submitImages = (body: object) =>
    fixture.request('/v0.2/request/images', {
      method: 'POST',
      body: JSON.stringify({ images: [picture], ...body }),
      headers: { 'Content-Type': 'application/json' },
    });
  const submitForm = (form: FormData, headers: Record<string, string> = {}) =>
    fixture.request('/v0.2/request/video', { method: 'POST', body: form, headers });
  const video = () => new Blob(['not looked at by the gateway'], { type: 'video/mp4' });
  const jobIdOf = async (response: Response) => ((await response.json()) as { job_id: string }).job_id;
  const get = async (route: string, headers: Record<string, string> = {}) => {
    const response = await fixture.request(route, { headers });
    return {
      status: response.status,
      type: response.headers.get('Content-Type'),
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  const storedWebhook = async (jobId: string) => {
    const { webhookUrl, webhookSecret } = await fixture.database.job.findUniqueOrThrow({ where: { id: jobId } });
    return { url: webhookUrl, isSigned: webhookSecret !== null };
  };

  it('tells its receiver exactly what its result answers, signed in both ways', async () => {
    const jobId = await fixture.submitVideo(undefined, { 'X-Webhook-Url': `${receiver.url}?a=b`, 'X-Webhook-Secret': secret });
    await fixture.finish(await fixture.claimWork(), finishedVideo);
    await until(() => receiver.calls.length > 0);
    const [{ headers, body, url }] = receiver.calls as [(typeof receiver.calls)[0]];
    expect(url).toBe('/hook?a=b');
    expect(body.toString()).toBe(await (await fixture.request(`/v0.2/results/video/${jobId}`)).text());
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-webhook-id': expect.stringMatching(/^msg_[0-9a-f-]{36}$/),
      'x-webhook-attempt': '1',
      'x-webhook-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    const verifier = new Webhook(secret, { format: 'raw' });
    expect(verifier.verify(body, headers as Record<string, string>)).toMatchObject({ job_id: jobId, status: 'finished' });
  });

  it('tells of failed jobs and of batches too, also of one without a usable picture', async () => {
    const webhook = { url: receiver.url };
    const failed = await fixture.submitVideo(undefined, { 'X-Webhook-Url': receiver.url });
    await fixture.finish(await fixture.claimWork(), { state: 'failed', error: { code: 'not_a_video', message: 'no video stream' } });
    const batch = await jobIdOf(await submitImages({ webhook }));
    const items = [{ index: 0, state: 'finished' as const, result: imageResult }];
    await fixture.finish(await fixture.claimWork(), { state: 'finished', media_type: 'image', items });
    const empty = await jobIdOf(await submitImages({ images: [{ data_base64: '%' }], webhook }));
    await until(() => receiver.calls.length === 3);
    const told = new Map(
      receiver.calls.map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>).map((job) => [job.job_id, job]),
    );
    for (const jobId of [failed, batch, empty]) expect(told.get(jobId)).toEqual(await fixture.poll(jobId));
    expect(receiver.calls.every(({ headers }) => headers['x-webhook-signature'] === undefined)).toBe(true);
  });

  it.each([
    ['a part webhook with a media type', (form: FormData, url: string) => form.append('webhook', new Blob([JSON.stringify({ url, secret })], { type: 'application/json' }))], // prettier-ignore
    ['a field webhook with JSON', (form: FormData, url: string) => form.append('webhook', JSON.stringify({ url, secret }))],
    ['fields with dots', (form: FormData, url: string) => (form.append('webhook.url', url), form.append('webhook.secret', secret))],
    ['fields with brackets', (form: FormData, url: string) => (form.append('webhook[secret]', secret), form.append('webhook[url]', url))],
  ])('is taken from a form: %s, before or behind the video', async (_name, append) => {
    for (const isBefore of [true, false]) {
      const form = new FormData();
      if (isBefore) append(form, receiver.url);
      form.append('video', video(), 'clip.mp4');
      if (!isBefore) append(form, receiver.url);
      const response = await submitForm(form, { 'X-Webhook-Url': 'https://hooks.example.org/of-the-headers' });
      expect(await storedWebhook(await jobIdOf(response))).toEqual({ url: receiver.url, isSigned: true });
    }
  });

  it('takes the webhook of the headers where the body names none', async () => {
    const form = new FormData();
    form.append('video', video(), 'clip.mp4');
    const headers = { 'X-Webhook-Url': receiver.url };
    expect(await storedWebhook(await jobIdOf(await submitForm(form, headers)))).toEqual({ url: receiver.url, isSigned: false });
  });

  it('takes a name that is public, or that nobody knows yet', async () => {
    for (const url of ['https://hooks.example.org:8443/x', 'http://not-yet.example.org/']) {
      const response = await submitImages({ webhook: { url } });
      expect([response.status, (await storedWebhook(await jobIdOf(response))).url]).toEqual([202, url]);
    }
  });

  it.each([
    ['a URL that is none', { url: 'hooks.example.org' }, /webhook\.url/],
    ['a URL with a password', { url: 'https://user:hunter2@hooks.example.org/' }, /names a user/],
    ['a private address', { url: 'http://10.0.0.1/' }, /NIGHTJAR_WEBHOOK_ALLOW_NETWORKS/],
    ['the metadata of a cloud', { url: 'http://169.254.169.254/latest' }, /NIGHTJAR_WEBHOOK_ALLOW_NETWORKS/],
    ['loopback in IPv6', { url: 'http://[::1]:9999/' }, /NIGHTJAR_WEBHOOK_ALLOW_NETWORKS/],
    ['our own adapter', { url: 'http://127.0.0.1:9100/' }, /NIGHTJAR_WEBHOOK_ALLOW_NETWORKS/],
    ['a name that leads inside', { url: 'https://inside.example.org/' }, /NIGHTJAR_WEBHOOK_ALLOW_NETWORKS/],
    ['the port of a mail server', { url: 'http://hooks.example.org:25/' }, /NIGHTJAR_WEBHOOK_ALLOW_NETWORKS/],
    ['a secret with NUL', { url: 'https://hooks.example.org/', secret: 'a\0' }, /webhook\.secret/],
    ['a secret alone', { secret: 'hunter2' }, /webhook\.url/],
  ])('is refused with %s, and nothing is kept', async (_name, webhook, text) => {
    const filesBefore = await fixture.mediaFiles();
    const form = new FormData();
    form.append('video', video(), 'clip.mp4');
    form.append('webhook', JSON.stringify(webhook));
    for (const response of [await submitImages({ webhook }), await submitForm(form)]) {
      const body = await response.text();
      expect([response.status, body]).toEqual([422, expect.stringMatching(text)]);
      expect(body).not.toContain('hunter2');
    }
    expect(await fixture.database.job.count()).toBe(0);
    await until(async () => (await fixture.mediaFiles()).length === filesBefore.length);
  });

  it('is refused with a secret by a gateway that could not keep it', async () => {
    const keyless = await GatewayFixture.start({ ...services, config: { webhooks, secretKey: undefined } });
    const submit = (headers: Record<string, string>) =>
      keyless.request('/v0.2/request/video', { method: 'POST', body: 'x', headers: { 'Content-Type': 'video/mp4', ...headers } });
    const refused = await submit({ 'X-Webhook-Url': receiver.url, 'X-Webhook-Secret': secret });
    expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining('NIGHTJAR_SECRET_KEY')]);
    expect((await submit({ 'X-Webhook-Url': receiver.url })).status).toBe(202);
    await keyless.stopAndRemoveMedia();
  });

  it('keeps its secret to itself: sealed in its row, and in no answer', async () => {
    const jobId = await fixture.submitVideo(undefined, {
      'X-Webhook-Url': `${receiver.url}?token=hunter3`,
      'X-Webhook-Secret': 'hunter2-secret',
    });
    await fixture.finish(await fixture.claimWork(), finishedVideo);
    await until(() => receiver.calls.length > 0);
    const { webhookSecret } = await fixture.database.job.findUniqueOrThrow({ where: { id: jobId } });
    expect(Buffer.from(webhookSecret!).toString('latin1')).not.toContain('hunter2');
    const [{ id }] = (await get('/v1/webhook-deliveries')).body.deliveries as [{ id: string }];
    const answers = await Promise.all(
      [`/v0.2/results/video/${jobId}`, `/v1/jobs/${jobId}`, '/v1/webhook-deliveries', `/v1/webhook-deliveries/${id}`].map((route) =>
        get(route),
      ),
    );
    expect(JSON.stringify(answers)).not.toMatch(/hunter/);
  });

  describe('has a delivery log', () => {
    const deliveries = async (query = '', headers: Record<string, string> = {}) => {
      const { body } = await get(`/v1/webhook-deliveries${query}`, headers);
      return body as { deliveries: { id: string; job_id: string; state: string }[]; next_cursor: string | null };
    };
    const endJob = async (url: string) => {
      const jobId = await fixture.submitVideo(undefined, { 'X-Webhook-Url': url });
      await fixture.finish(await fixture.claimWork(), finishedVideo);
      await until(async () => (await deliveries(`?job_id=${jobId}`)).deliveries[0]?.state !== 'pending');
      return { jobId, id: (await deliveries(`?job_id=${jobId}`)).deliveries[0]!.id };
    };

    it('that lists messages page by page, by job and by state', async () => {
      const failing = await Receiver.start(withStatus(500));
      const ended = [];
      for (const url of [receiver.url, failing.url, receiver.url]) ended.push(await endJob(url));
      const newestFirst = ended.map(({ id }) => id).reverse();
      const all = await deliveries();
      expect([all.deliveries.map(({ id }) => id), all.next_cursor]).toEqual([newestFirst, null]);
      const pages: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await deliveries(`?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
        pages.push(...page.deliveries.map(({ id }) => id));
        cursor = page.next_cursor;
      }
      expect(pages).toEqual(newestFirst);
      expect((await deliveries('?state=exhausted')).deliveries).toMatchObject([{ id: ended[1]!.id, job_id: ended[1]!.jobId }]);
      expect((await deliveries('?state=pending')).deliveries).toEqual([]);
      await failing.close();
    });

    it('that tells of every attempt', async () => {
      const shaky = await Receiver.start((response, _call, number) => void response.writeHead(number === 1 ? 503 : 200).end('hello'));
      const { id, jobId } = await endJob(shaky.url);
      expect((await get(`/v1/webhook-deliveries/${id}`)).body).toEqual({
        id,
        job_id: jobId,
        state: 'delivered',
        receiver: new URL(shaky.url).origin,
        attempts_made: 2,
        next_attempt_at: null,
        last_error: null,
        created_at: expect.stringMatching(/Z$/),
        ended_at: expect.stringMatching(/Z$/),
        attempts: [
          { attempt: 1, at: expect.any(String), duration_ms: expect.any(Number), status: 503, error: expect.stringContaining('503'), answer: 'hello', manual: false }, // prettier-ignore
          { attempt: 2, at: expect.any(String), duration_ms: expect.any(Number), status: 200, error: null, answer: 'hello', manual: false },
        ],
      });
      await shaky.close();
    });

    it('from which a message can be sent again, with the same id', async () => {
      const { id } = await endJob(receiver.url);
      const redelivered = await fixture.request(`/v1/webhook-deliveries/${id}/redeliver`, { method: 'POST' });
      expect([redelivered.status, await redelivered.json()]).toEqual([202, { id }]);
      await until(() => receiver.calls.length === 2);
      expect(receiver.ids).toEqual([id, id]);
      await until(async () => ((await get(`/v1/webhook-deliveries/${id}`)).body.attempts as unknown[]).length === 2);
      expect((await get(`/v1/webhook-deliveries/${id}`)).body).toMatchObject({
        state: 'delivered',
        attempts: [{ manual: false }, { manual: true }],
      });
    });

    it('that other tenants see nothing of', async () => {
      const { id } = await endJob(receiver.url);
      const asNeighbour = { 'X-API-Key': neighbourKey };
      expect((await deliveries('', asNeighbour)).deliveries).toEqual([]);
      expect(await get(`/v1/webhook-deliveries/${id}`, asNeighbour)).toMatchObject({
        status: 404,
        type: expect.stringContaining('problem+json'),
      });
      const redelivered = await fixture.request(`/v1/webhook-deliveries/${id}/redeliver`, { method: 'POST', headers: asNeighbour });
      expect(redelivered.status).toBe(404);
      expect(receiver.calls).toHaveLength(1);
    });

    it.each(['state=lost', 'limit=0', 'limit=201', 'limit=x', 'job_id=video_1', 'cursor=AAAA', 'state=pending&state=exhausted'])(
      'that answers 400 to %s',
      async (query) => {
        expect(await get(`/v1/webhook-deliveries?${query}`)).toMatchObject({
          status: 400,
          body: { code: 'invalid_argument', errors: [{ path: expect.any(String) }] },
        });
      },
    );

    it.each(['msg_1', '__proto__', 'msg_00000000-0000-0000-0000-000000000000'])('that knows no message %s', async (id) => {
      expect((await get(`/v1/webhook-deliveries/${id}`)).status).toBe(404);
      expect((await fixture.request(`/v1/webhook-deliveries/${id}/redeliver`, { method: 'POST' })).status).toBe(404);
    });
  });
});
