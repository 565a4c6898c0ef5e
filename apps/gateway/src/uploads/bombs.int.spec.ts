import http from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayProcess } from '../gateway-process.fixture.js';
import { apiKey, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

/** Of work, which other work on the machine does not lengthen as it does the wait for the answer. */
const cpuMsMax = 2_000;
const rssGrowthBytesMax = 256 * 1024 ** 2;

const form = 'multipart/form-data; boundary=b';
const field = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n';
const video = '--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\nx\r\n';
/** A body that is sent for as long as anybody reads it. */
function endless(start: string, repeated: string): () => Readable {
  const block = Buffer.from(repeated.repeat(Math.ceil(65_536 / repeated.length)));
  return () =>
    Readable.from(
      (function* () {
        yield Buffer.from(start);
        for (let sent = 0; sent < 2_000; sent++) yield block;
      })(),
    );
}

describe('a body that was made to do harm', () => {
  let services: GatewayServices;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    services = await startGatewayServices();
    gateway = await GatewayProcess.start(services);
    // What the first request of a kind loads is no growth of that kind.
    await send('/v0.2/request/video', form, endless(video, '--b--\r\n'));
    await send('/v0.2/request/images', 'application/json', () => Readable.from([Buffer.from('{"images":[]}')]));
  });
  afterAll(async () => {
    await gateway?.stopAndRemove();
    await services?.stop();
  });

  function send(route: string, contentType: string, makeBody: () => Readable): Promise<{ status: number | undefined; body: string }> {
    const body = makeBody();
    // With `Connection: close` the server hangs up behind its answer, and the client may hear of that first.
    const agent = new http.Agent({ keepAlive: true });
    return new Promise((resolve, reject) => {
      const request = http.request(`${gateway.url}${route}`, {
        method: 'POST',
        agent,
        headers: { 'X-API-Key': apiKey, 'Content-Type': contentType },
      });
      request.on('response', (response) => {
        void text(response).then((answer) => {
          resolve({ status: response.statusCode, body: answer });
          body.destroy();
          request.destroy();
          agent.destroy();
        }, reject);
      });
      request.on('error', reject);
      body.pipe(request);
    });
  }

  it.each<[string, string, string, () => Readable]>([
    ['a million fields before the video', '/v0.2/request/video', form, endless('', field)],
    ['a million fields behind the video', '/v0.2/request/video', form, endless(video, field)],
    ['a field that does not end', '/v0.2/request/video', form, endless('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n', 'x')],
    ['a part whose headers do not end', '/v0.2/request/video', form, endless('--b\r\n', 'X-Header: y\r\n')],
    ['a header that does not end', '/v0.2/request/video', form, endless('--b\r\nContent-Disposition: ', 'x')],
    ['a boundary that never comes', '/v0.2/request/video', form, endless('', 'x')],
    ['a JSON body instead of a URL that does not end', '/v0.2/request/video', 'application/json', endless('{"video_url":"', 'x')],
    ['text that does not end', '/v0.2/request/video', 'video/mp4', endless('', 'not a video ')],
  ])('(%s) is refused with less than 2 s of work, and memory stays bounded', async (_name, route, contentType, body) => {
    const { residentBytes } = await gateway.memory();
    const cpuMsBefore = await gateway.cpuMs();
    const { status, body: answer } = await send(route, contentType, body);
    const tookMs = (await gateway.cpuMs()) - cpuMsBefore;
    expect([status, answer]).toEqual([expect.any(Number), expect.stringContaining('"error"')]);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(tookMs).toBeLessThan(cpuMsMax);
    expect((await gateway.memory()).residentBytesMax - residentBytes).toBeLessThan(rssGrowthBytesMax);
  });

  it.each([
    ['levels', `{"images":${'['.repeat(1_000_000)}`],
    ['pictures', `{"images":[${'{"data_base64":"AAAA"},'.repeat(100_000)}{}]}`],
    ['empty objects', `{"images":[${'{},'.repeat(10_000_000)}{}]}`],
    ['keys', `{"images":[{${Array.from({ length: 300_000 }, (_, key) => `"k${key}":0,`).join('')}"data_base64":"AAAA"}]}`],
  ])('(a batch of too many %s) is refused with less than 2 s of work, and memory stays bounded', async (_name, json) => {
    const { residentBytes } = await gateway.memory();
    const bytes = Buffer.from(json);
    const cpuMsBefore = await gateway.cpuMs();
    const { status } = await send('/v0.2/request/images', 'application/json', () => Readable.from([bytes]));
    expect([400, 422]).toContain(status);
    expect((await gateway.cpuMs()) - cpuMsBefore).toBeLessThan(cpuMsMax);
    expect((await gateway.memory()).residentBytesMax - residentBytes).toBeLessThan(rssGrowthBytesMax);
  });
});
