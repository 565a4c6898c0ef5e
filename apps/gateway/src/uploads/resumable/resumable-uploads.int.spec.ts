import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '@nightjar/auth';
import { until } from '@nightjar/testing';
import { Upload } from 'tus-js-client';
import { apiKey, GatewayFixture, startGatewayServices, type GatewayServices } from '../../gateway.fixture.js';

const uploadBytesMax = 16 * 1024 ** 2;
const video = randomBytes(3_000_000);
const otherKey = 'another-key-of-the-gateway-tests';
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a resumable upload', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({ ...services, config: { uploadBytesMax } });
    await fixture.database.apiKey.create({
      data: { name: 'other', prefix: 'other', sha256: Uint8Array.from(hashApiKey(otherKey)), scopes: ['jobs:read', 'jobs:write'] },
    });
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  const send = (method: string, route: string, headers: Record<string, string> = {}, body?: Buffer) =>
    fixture.request(route, { method, headers: { 'Tus-Resumable': '1.0.0', ...headers }, ...(body && { body: new Uint8Array(body) }) });
  const create = async (headers: Record<string, string> = {}, bytes = video.length) => {
    const response = await send('POST', '/v1/uploads', { 'Upload-Length': String(bytes), ...headers });
    expect([response.status, await response.text()]).toEqual([201, '']);
    return response.headers.get('Location')!;
  };
  const patch = (route: string, offset: number, body: Buffer, headers: Record<string, string> = {}) =>
    send('PATCH', route, { 'Upload-Offset': String(offset), 'Content-Type': 'application/offset+octet-stream', ...headers }, body);
  const head = async (route: string) => {
    const { status, headers } = await send('HEAD', route);
    return { status, offset: headers.get('Upload-Offset'), length: headers.get('Upload-Length'), jobId: headers.get('X-Job-Id') };
  };
  const stored = (jobId: string) => readFile(path.join(fixture.mediaDir, jobId, 'video'));
  const idOf = (location: string) => location.split('/').at(-1)!;

  it('becomes a job when its last piece is there', async () => {
    const upload = await create({ 'Upload-Metadata': `filename ${base64('a.mp4')},max_processing_time ${base64('60')}` });
    const first = await patch(upload, 0, video.subarray(0, 1_000_000));
    expect([first.status, first.headers.get('Upload-Offset'), first.headers.get('X-Job-Id')]).toEqual([204, '1000000', null]);
    expect(Date.parse(first.headers.get('Upload-Expires') ?? '')).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    expect(await fixture.claim()).toBeNull();
    const last = await patch(upload, 1_000_000, video.subarray(1_000_000));
    const jobId = last.headers.get('X-Job-Id')!;
    expect([last.status, last.headers.get('Content-Location')]).toEqual([204, `/v0.2/results/video/${jobId}`]);
    expect(await fixture.claimWork()).toMatchObject({ job_id: jobId, file: `${jobId}/video` });
    expect((await stored(jobId)).equals(video)).toBe(true);
    const job = await fixture.database.job.findUniqueOrThrow({ where: { id: jobId } });
    expect([Number(job.sizeBytes), job.maxProcessingSeconds]).toEqual([video.length, 60]);
  });

  it('goes on after its connection broke, with the client that everybody uses', async () => {
    let jobId: string | undefined;
    let interrupted = false;
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(video, {
        endpoint: `${fixture.gateway.url}/v1/uploads`,
        headers: { 'X-API-Key': apiKey },
        chunkSize: 500_000,
        metadata: { filename: 'clip.mp4' },
        onProgress: (sent) => {
          if (interrupted || sent < 1_200_000) return;
          interrupted = true;
          void upload.abort().then(() => setTimeout(() => upload.start(), 50));
        },
        onAfterResponse: (_request, response) => void (jobId = response.getHeader('X-Job-Id') ?? jobId),
        onError: reject,
        onSuccess: () => resolve(),
      });
      upload.start();
    });
    expect(interrupted).toBe(true);
    expect(jobId).toBeDefined();
    expect((await stored(jobId!)).equals(video)).toBe(true);
    expect(await fixture.database.job.count()).toBe(1);
  });

  it('keeps what came before its sender went away', async () => {
    const upload = await create();
    const request = http.request(`${fixture.gateway.url}${upload}`, {
      method: 'PATCH',
      headers: {
        'X-API-Key': apiKey,
        'Tus-Resumable': '1.0.0',
        'Upload-Offset': '0',
        'Content-Type': 'application/offset+octet-stream',
        'Content-Length': video.length,
      },
    });
    request.on('error', () => undefined);
    request.write(video.subarray(0, 700_000));
    const partial = path.join(fixture.mediaDir, '.incoming', idOf(upload));
    await until(async () => (await readFile(partial)).length === 700_000);
    request.destroy();
    await until(async () => (await head(upload)).offset === '700000');
    expect((await patch(upload, 700_000, video.subarray(700_000))).status).toBe(204);
    expect((await stored(idOf(upload))).equals(video)).toBe(true);
  });

  it('makes one job, however often its last piece comes', async () => {
    const upload = await create({}, 100);
    const answers = [
      await patch(upload, 0, video.subarray(0, 100)),
      await patch(upload, 100, Buffer.alloc(0)),
      await patch(upload, 100, Buffer.alloc(0)),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.get('X-Job-Id')])).toEqual(Array(3).fill([204, idOf(upload)]));
    expect(await head(upload)).toEqual({ status: 200, offset: '100', length: '100', jobId: idOf(upload) });
    expect((await patch(upload, 0, video.subarray(0, 100))).status).toBe(409);
    expect((await send('DELETE', upload)).status).toBe(409);
    expect(await fixture.database.job.count()).toBe(1);
  });

  it.each(['before the video has its name', 'after it'])(
    'makes its job when a crash came between the last piece and the job, %s',
    async (when) => {
      const upload = await create({}, 100);
      const id = idOf(upload);
      await patch(upload, 0, video.subarray(0, 100));
      await fixture.database.job.delete({ where: { id } });
      if (when.startsWith('before')) await rename(path.join(fixture.mediaDir, id, 'video'), path.join(fixture.mediaDir, '.incoming', id));
      expect(await head(upload)).toEqual({ status: 200, offset: '100', length: '100', jobId: id });
      expect((await stored(id)).equals(video.subarray(0, 100))).toBe(true);
      expect(await fixture.database.job.count()).toBe(1);
    },
  );

  it('may come with its creation, and may not know its length at first', async () => {
    const small = video.subarray(0, 1_000);
    const whole = await send('POST', '/v1/uploads', { 'Upload-Length': '1000', 'Content-Type': 'application/offset+octet-stream' }, small);
    expect([whole.status, whole.headers.get('X-Job-Id')]).toEqual([201, expect.stringMatching(/^video_/)]);
    const created = await send('POST', '/v1/uploads', { 'Upload-Defer-Length': '1' });
    const deferred = created.headers.get('Location')!;
    await patch(deferred, 0, small);
    expect(await head(deferred)).toMatchObject({ status: 200, offset: '1000', length: null });
    const last = await patch(deferred, 1_000, small, { 'Upload-Length': '2000' });
    expect(last.headers.get('X-Job-Id')).toBe(idOf(deferred));
  });

  it('over the limit is refused by its length, and without one as it comes', async () => {
    expect((await send('POST', '/v1/uploads', { 'Upload-Length': String(uploadBytesMax + 1) })).status).toBe(413);
    const deferred = (await send('POST', '/v1/uploads', { 'Upload-Defer-Length': '1' })).headers.get('Location')!;
    expect((await patch(deferred, 0, Buffer.alloc(uploadBytesMax))).status).toBe(204);
    const answer = await patch(deferred, uploadBytesMax, Buffer.alloc(1)).catch(() => undefined);
    expect(answer?.status).toBe(413);
    expect((await send('DELETE', deferred)).status).toBe(204);
  });

  it('that is removed is gone, with its pieces', async () => {
    const upload = await create();
    await patch(upload, 0, video.subarray(0, 1_000));
    expect((await send('DELETE', upload)).status).toBe(204);
    expect((await head(upload)).status).toBe(404);
    expect((await fixture.mediaFiles()).filter((file) => file.includes(idOf(upload)))).toEqual([]);
  });

  it('belongs to the key that began it', async () => {
    const upload = await create();
    for (const method of ['HEAD', 'PATCH', 'DELETE']) {
      const response = await send(method, upload, {
        'X-API-Key': otherKey,
        'Upload-Offset': '0',
        ...(method === 'PATCH' ? { 'Content-Type': 'application/offset+octet-stream' } : {}),
      });
      expect([method, response.status]).toEqual([method, 404]);
    }
    expect((await head(upload)).status).toBe(200);
  });

  it.each([
    '..',
    '%2e%2e%2fpasswd',
    'a',
    '__proto__',
    'video_0199b0c4-0000-7000-8000-000000000000',
    'video_0199b0c4-0000-7000-8000-000000000000.json',
  ])('is not found as %s', async (id) => {
    for (const method of ['HEAD', 'DELETE']) expect([404, 400]).toContain((await send(method, `/v1/uploads/${id}`)).status);
  });

  it('that is a playlist is refused with its first piece, and leaves nothing', async () => {
    const playlist = Buffer.from('#EXTM3U\nfile:///etc/passwd\n'.padEnd(100, '\n'));
    const upload = await create({}, playlist.length);
    const answer = await patch(upload, 0, playlist);
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([422, expect.stringContaining('application/problem+json')]);
    expect(await fixture.database.job.count()).toBe(0);
  });

  it('that is text is refused before its piece is whole, and what a piece said is the reason', async () => {
    const text = Buffer.from('not a video '.repeat(100_000));
    const answer = await patch(await create({}, text.length), 0, text);
    expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining('the upload is text')]);
  });

  it('keeps the secret of its webhook sealed, on disk and in answers', async () => {
    const upload = await create({
      'Upload-Metadata': `webhook_url ${base64('https://example.org/hook')},webhook_secret ${base64('very secret')}`,
    });
    const record = await readFile(path.join(fixture.mediaDir, '.incoming', `${idOf(upload)}.json`), 'utf8');
    expect(record).not.toContain('very secret');
    expect(record).not.toContain(base64('very secret'));
    const { headers } = await send('HEAD', upload);
    expect(headers.get('Upload-Metadata')).toBe(`webhook_url ${base64('https://example.org/hook')}`);
    await patch(upload, 0, video);
    const job = await fixture.database.job.findUniqueOrThrow({ where: { id: idOf(upload) } });
    expect([job.webhookUrl, (job.webhookSecret?.length ?? 0) > 0]).toEqual(['https://example.org/hook', true]);
  });

  it.each<[string, Record<string, string>, number]>([
    ['no length', {}, 400],
    ['an empty video', { 'Upload-Length': '0' }, 400],
    ['a length that is none', { 'Upload-Length': '-1' }, 400],
    ['damaged metadata', { 'Upload-Length': '1', 'Upload-Metadata': 'filename not base64' }, 400],
    ['a webhook that leads inside', { 'Upload-Length': '1', 'Upload-Metadata': `webhook_url ${base64('http://127.0.0.1/')}` }, 422],
    ['another body', { 'Upload-Length': '1', 'Content-Type': 'video/mp4' }, 415],
  ])('is refused with %s', async (_name, headers, status) => {
    const response = await send('POST', '/v1/uploads', headers);
    expect([response.status, response.headers.get('Content-Type')]).toEqual([status, expect.stringContaining('application/problem+json')]);
  });

  it.each(['', '0.2.2'])('needs the version of the protocol that is spoken here, not %j', async (version) => {
    const { status, headers } = await send('POST', '/v1/uploads', { 'Tus-Resumable': version, 'Upload-Length': '1' });
    expect([status, headers.get('Tus-Version')]).toEqual([412, '1.0.0']);
  });

  it('is not forgotten as expired before its day is over, and is after it', async () => {
    const upload = await create();
    const file = path.join(fixture.mediaDir, '.incoming', `${idOf(upload)}.json`);
    const record = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...record, creation_date: new Date(Date.now() - 25 * 3_600_000).toISOString() }));
    expect((await head(upload)).status).toBe(404);
    expect((await patch(upload, 0, video)).status).toBe(404);
  });

  it('that its tenant has no room for is refused at its creation, and holds none', async () => {
    const creation = (bytes: number) => send('POST', '/v1/uploads', { 'Upload-Length': String(bytes) });
    await fixture.database.tenant.upsert({
      where: { id: 1 },
      create: { id: 1, jobsOpenMax: 1, uploadBytesPerDayMax: 1e9 },
      update: { jobsOpenMax: 1, uploadBytesPerDayMax: 1e9 },
    });
    try {
      const files = await fixture.mediaFiles();
      expect((await creation(1e9 + 1)).status).toBe(413);
      expect(await fixture.mediaFiles()).toEqual(files);
      expect([(await creation(1_000)).status, (await creation(1_000)).status]).toEqual([201, 201]);
      await fixture.submitVideo();
      const refused = await creation(1_000);
      expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, '5']);
      expect((await send('POST', '/v1/uploads', { 'Upload-Defer-Length': '1' })).status).toBe(429);
      expect(await fixture.database.quotaReservation.count()).toBe(0);
    } finally {
      await fixture.database.tenant.deleteMany();
    }
  });

  it('says what it can do', async () => {
    const { status, headers } = await send('OPTIONS', '/v1/uploads');
    expect([status, headers.get('Tus-Version'), headers.get('Tus-Max-Size')]).toEqual([204, '1.0.0', String(uploadBytesMax)]);
    expect(headers.get('Tus-Extension')).toBe('creation,creation-with-upload,creation-defer-length,termination,expiration');
    expect(headers.get('Access-Control-Allow-Origin')).toBeNull();
  });
});
