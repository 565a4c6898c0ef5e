import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseNetwork } from '@nightjar/outbound';
import { until } from '@nightjar/testing';
import { GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

const diskBytes = 1024 ** 2;
const tooLarge = Buffer.alloc(2 * diskBytes, 0x80);
const small = Buffer.alloc(diskBytes / 4, 0x80);

const mountPoint = await mkdtemp(path.join(os.tmpdir(), 'nightjar-full-'));
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', mountPoint]).status === 0;
const needsMount = (name: string, test: () => void) =>
  isMounted
    ? describe(name, test)
    : it(`${name}: not checked here`, () => void process.stdout.write('a full disk needs the right to mount a small tmpfs\n'));

needsMount('a disk that is full', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;
  let origin: http.Server;

  beforeAll(async () => {
    services = await startGatewayServices();
    origin = http.createServer((_request, response) => void response.writeHead(200, { etag: '"v1"' }).end(tooLarge));
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    fixture = await GatewayFixture.start({
      ...services,
      mediaDir: mountPoint,
      config: { urlSubmit: { enabled: true, networks: [parseNetwork('127.0.0.1/32')!] } },
    });
  });
  afterAll(async () => {
    await fixture?.stop();
    await new Promise((resolve) => origin?.close(resolve));
    await services?.stop();
    spawnSync('umount', [mountPoint]);
    await rm(mountPoint, { recursive: true, force: true });
  });

  const retryLater = (response: Response) => [response.status, Number(response.headers.get('Retry-After')) > 0];
  const post = (body: Buffer) =>
    fixture.request('/v0.2/request/video', { method: 'POST', body: new Uint8Array(body), headers: { 'Content-Type': 'video/mp4' } });
  const tus = (method: string, route: string, headers: Record<string, string>, body?: Buffer) =>
    fixture.request(route, { method, headers: { 'Tus-Resumable': '1.0.0', ...headers }, ...(body && { body: new Uint8Array(body) }) });

  it('refuses an upload until there is room again, and nothing is left of it', async () => {
    for (let round = 0; round < 10; round++) expect(retryLater(await post(tooLarge))).toEqual([503, true]);
    expect(await fixture.mediaFiles()).toEqual([]);
    expect(await fixture.database.job.count()).toBe(0);
    expect((await post(small)).status).toBe(202);
  });

  it('refuses pictures too', async () => {
    const response = await fixture.request('/v0.2/request/images', {
      method: 'POST',
      body: JSON.stringify({ images: [{ data_base64: small.toString('base64') }, { data_base64: tooLarge.toString('base64') }] }),
      headers: { 'Content-Type': 'application/json' },
    });
    expect(retryLater(response)).toEqual([503, true]);
    expect(await fixture.database.job.count()).toBe(1);
  });

  it('lets a resumable upload keep what it has, and end when there is room', async () => {
    const created = await tus('POST', '/v1/uploads', { 'Upload-Length': String(small.length * 4) });
    const upload = created.headers.get('Location')!;
    const piece = { 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' };
    expect(retryLater(await tus('PATCH', upload, piece, Buffer.concat([small, small, small, small])))).toEqual([503, true]);
    const { headers } = await tus('HEAD', upload, {});
    const offset = Number(headers.get('Upload-Offset'));
    expect(offset).toBeGreaterThan(0);
    // The only job so far goes, and its video with it.
    const [job] = await fixture.database.job.findMany();
    await fixture.request(`/v1/jobs/${job!.id}/cancel`, { method: 'POST' });
    await until(async () => !(await fixture.mediaFiles()).includes(job!.id));
    await tus('DELETE', upload, {});
    expect((await fixture.mediaFiles()).filter((file) => file.includes('video_'))).toEqual([]);
  });

  it('has a download tried again later', async () => {
    const response = await fixture.request('/v0.2/request/video', {
      method: 'POST',
      body: JSON.stringify({ video_url: `http://127.0.0.1:${(origin.address() as AddressInfo).port}/` }),
      headers: { 'Content-Type': 'application/json' },
    });
    const { job_id: jobId } = (await response.json()) as { job_id: string };
    await until(async () => {
      const row = await fixture.database.jobFetch.findUnique({ where: { jobId } });
      return row !== null && row.attempt > 0 && row.leaseId === null && row.runAfter.getTime() > Date.now();
    });
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'queued', stage: 'downloading' });
  });
});
