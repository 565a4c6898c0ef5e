import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { until } from '@nightjar/testing';
import { GatewayProcess } from '../gateway-process.fixture.js';
import { apiKey, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

const video = randomBytes(40 * 1024 ** 2);
const kills = 3;
/** More than the 8 MiB after which progress is saved, and little enough for three kills. */
const bytesBeforeKill = 12 * 1024 ** 2;

describe('a gateway that is killed while it fetches a video', () => {
  let services: GatewayServices;
  let database: JobsDatabase;
  let mediaDir: string;
  let origin: http.Server;
  const starts: number[] = [];

  beforeAll(async () => {
    services = await startGatewayServices();
    database = openJobsDatabase({ url: services.databaseUrl, connectionsMax: 2 });
    mediaDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-media-'));
    // Each answer but the last falls silent before the end, so that the kill comes in between however late it is.
    origin = http.createServer((request, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const end = starts.push(start) <= kills ? start + bytesBeforeKill : video.length;
      const range = start === 0 ? {} : { 'content-range': `bytes ${start}-${video.length - 1}/${video.length}` };
      response.writeHead(start === 0 ? 200 : 206, { etag: '"v1"', 'content-length': video.length - start, ...range });
      let sent = start;
      const sending = setInterval(() => {
        if (sent < end) response.write(video.subarray(sent, (sent += 512 * 1024)));
        if (sent >= video.length) response.end();
      }, 10);
      response.on('error', () => undefined).once('close', () => clearInterval(sending));
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    origin?.closeAllConnections();
    origin?.close();
    await database?.$disconnect();
    await services?.stop();
    await rm(mediaDir, { recursive: true, force: true });
  });

  const start = () =>
    GatewayProcess.start(services, {
      NIGHTJAR_MEDIA_DIR: mediaDir,
      NIGHTJAR_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      NIGHTJAR_URL_SUBMIT_NETWORKS: '127.0.0.1/32',
    });

  it('is followed by one that goes on behind what was synced, and the video is the same', async () => {
    let gateway = await start();
    const response = await fetch(`${gateway.url}/v0.2/request/video`, {
      method: 'POST',
      headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json' },
      body: JSON.stringify({ video_url: `http://127.0.0.1:${(origin.address() as AddressInfo).port}/clip.mp4` }),
    });
    const { job_id: jobId } = (await response.json()) as { job_id: string };
    const synced = async () => Number((await database.jobFetch.findUnique({ where: { jobId } }))?.bytesReceived ?? video.length);
    for (let kill = 0; kill < kills; kill++) {
      const before = await synced();
      await until(async () => (await synced()) > before);
      await gateway.kill();
      // As if half a minute had passed.
      await database.jobFetch.update({ where: { jobId }, data: { leaseUntil: new Date(0) } });
      gateway = await start();
    }
    await until(async () => (await database.jobFetch.findUnique({ where: { jobId } })) === null);
    expect((await readFile(path.join(mediaDir, jobId, 'video'))).equals(video)).toBe(true);
    expect(starts).toHaveLength(1 + kills);
    expect([...starts].sort((a, b) => a - b)).toEqual(starts);
    expect(starts.filter((from) => from === 0)).toHaveLength(1);
    await gateway.stopAndRemove();
  });
});
