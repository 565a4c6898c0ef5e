import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKey, GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

const uploadBytes = 300 * 1000 ** 2;
const rssGrowthBytesMax = 100 * 1000 ** 2;
const chunk = randomBytes(60_000);

// Client and gateway share this process, so what is measured is an upper bound.
describe('the memory of the gateway', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({ ...services });
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  function upload(bytes: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = http.request(`${fixture.gateway.url}/v0.2/request/video`, {
        method: 'POST',
        headers: { 'X-API-Key': apiKey, 'Content-Type': 'video/mp4' },
      });
      request.on('response', (response) => void text(response).then(resolve, reject)).on('error', reject);
      Readable.from(Array.from({ length: bytes / chunk.length }, () => chunk)).pipe(request);
    });
  }

  it('does not grow with the size of an upload', async () => {
    await upload(3_000_000);
    const rssBefore = process.memoryUsage.rss();
    let rssHighest = rssBefore;
    const watch = setInterval(() => (rssHighest = Math.max(rssHighest, process.memoryUsage.rss())), 20);
    const answer = await upload(uploadBytes);
    clearInterval(watch);
    process.stdout.write(`an upload of ${uploadBytes / 1e6} MB moved RSS by ${Math.round((rssHighest - rssBefore) / 1e6)} MB\n`);
    expect(rssHighest - rssBefore).toBeLessThan(rssGrowthBytesMax);
    const { job_id: jobId } = JSON.parse(answer) as { job_id: string };
    expect((await stat(path.join(fixture.mediaDir, `${jobId}/video`))).size).toBe(uploadBytes);
  });
});
