import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseNetwork } from '@nightjar/outbound';
import { sleep } from '@nightjar/runtime';
import { maxPictureBytes } from '../intake/picture-header.js';
import { RemoteFrames } from '../intake/remote-frames/remote-frames.js';
import { AdapterFixture, ask } from './adapter.fixture.js';
import type { AdapterHttp } from './adapter-http.js';

const callers = 16;
const mebibyte = 1024 * 1024;

/** Cameras with the largest pictures there may be. In a process of their own: what they hold is not the adapter's. */
const cameras = `
const picture = Buffer.alloc(${maxPictureBytes}, 'picture');
const server = require('node:http').createServer((request, response) => response.end(picture));
server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)));
`;

describe('R16: sixteen frames of 32 MiB from URLs at once', () => {
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  let child: ChildProcess;
  let port: number;

  beforeAll(async () => {
    child = spawn(process.execPath, ['-e', cameras], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [text] = (await once(child.stdout!, 'data')) as [Buffer];
    port = Number(text.toString());
    fixture = await AdapterFixture.start({ engine: { preload: [] } });
    const networks = [parseNetwork('127.0.0.0/8')!];
    http = await fixture.open({ remote: new RemoteFrames({ maxBytes: maxPictureBytes, networks, ports: [port], ownPorts: [] }) });
  });
  afterAll(async () => {
    await fixture?.close();
    child?.kill();
  });

  const infer = () =>
    ask(http, 'POST', '/infer', { task: 'identity', data: { via: 'engine', frame: { uri: `http://127.0.0.1:${port}/` } } });

  it('take no more than 256 MiB of memory, and each is answered, if not at once then to who comes again', async () => {
    expect((await infer()).status).toBe(200);
    const beforeBytes = process.memoryUsage.rss();
    let mostBytes = beforeBytes;
    const look = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage.rss())), 5);
    let refusals = 0;
    const insist = async () => {
      for (;;) {
        const { status, body, headers } = await infer();
        if (status === 200) return body.size_bytes;
        // No room in time, or, on a machine that has no time at all, no answer.
        expect([status, headers.get('retry-after')]).toEqual([status === 504 ? 504 : 503, '1']);
        refusals++;
        await sleep(1_000);
      }
    };
    const answers = await Promise.all(Array.from({ length: callers }, insist));
    clearInterval(look);
    expect(answers).toEqual(new Array(callers).fill(maxPictureBytes));
    const riseMib = (mostBytes - beforeBytes) / mebibyte;
    // eslint-disable-next-line no-console -- a measurement that somebody wants to read
    console.log(
      `${callers} pictures of ${maxPictureBytes / mebibyte} MiB: resident memory rose by ${riseMib.toFixed(0)} MiB, ${refusals} times told to come again`,
    );
    expect(riseMib).toBeLessThan(256);
  }, 300_000);
});
