import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayProcess } from '../gateway-process.fixture.js';
import { apiKey, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

const uploadBytes = 300 * 1000 ** 2;
const rssGrowthBytesMax = 100 * 1000 ** 2;
const chunk = randomBytes(60_000);

describe('the memory of the gateway', () => {
  let services: GatewayServices;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    services = await startGatewayServices();
    gateway = await GatewayProcess.start(services);
  });
  afterAll(async () => {
    await gateway?.stopAndRemove();
    await services?.stop();
  });

  function upload(bytes: number, body: { headers: http.OutgoingHttpHeaders; before?: string; behind?: string }): Promise<string> {
    return new Promise((resolve, reject) => {
      const { headers, before = '', behind = '' } = body;
      const request = http.request(`${gateway.url}/v0.2/request/video`, {
        method: 'POST',
        headers: { 'X-API-Key': apiKey, ...headers },
      });
      request.on('response', (response) => void text(response).then(resolve, reject)).on('error', reject);
      const chunks = Array.from({ length: bytes / chunk.length }, () => chunk);
      Readable.from([Buffer.from(before), ...chunks, Buffer.from(behind)].filter(({ length }) => length > 0)).pipe(request);
    });
  }

  it.each([
    ['as it is', { headers: { 'Content-Type': 'video/mp4' } }],
    [
      'in a form',
      {
        headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
        before: '--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n',
        behind: '\r\n--b--\r\n',
      },
    ],
  ])('does not grow with the size of a video that is sent %s', async (name, body) => {
    await upload(3_000_000, body);
    const { residentBytes } = await gateway.memory();
    const answer = await upload(uploadBytes, body);
    const growthBytes = (await gateway.memory()).residentBytesMax - residentBytes;
    process.stdout.write(`an upload of ${uploadBytes / 1e6} MB ${name} moved RSS by ${Math.round(growthBytes / 1e6)} MB at most\n`);
    expect(growthBytes).toBeLessThan(rssGrowthBytesMax);
    const { job_id: jobId } = JSON.parse(answer) as { job_id: string };
    expect((await stat(path.join(gateway.dataDir, 'media', jobId, 'video'))).size).toBe(uploadBytes);
  });
});
