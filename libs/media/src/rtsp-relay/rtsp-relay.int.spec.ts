import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { FfmpegProcess } from '../ffmpeg-process.js';
import { findFfmpeg } from '../find-ffmpeg.js';
import { openInput } from '../media-input.js';
import { RtspRelay } from './rtsp-relay.js';

/** A camera as bytes: what it is asked, and what it answers. */
class ScriptedCamera {
  readonly asked: string[] = [];
  readonly sockets: Socket[] = [];
  readonly server: Server = createServer((socket) => {
    this.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const request = chunk.toString('latin1');
      this.asked.push(request);
      this.answer(request, socket);
    });
  });
  answer: (request: string, socket: Socket) => void = () => undefined;

  get url(): string {
    return `rtsp://ada:geheim@127.0.0.1:${(this.server.address() as AddressInfo).port}/live`;
  }
}

let camera: ScriptedCamera;
let relay: RtspRelay;
let client: Socket;
let heard: string;
beforeEach(async () => {
  camera = new ScriptedCamera();
  await new Promise<void>((resolve) => camera.server.listen(0, '127.0.0.1', resolve));
  relay = await RtspRelay.open(camera.url);
});
afterEach(async () => {
  relay.close();
  client?.destroy();
  for (const socket of camera.sockets) socket.destroy();
  await new Promise((resolve) => camera.server.close(resolve));
});

/** FFmpeg's side. Settles when the relay hangs up. */
async function ask(...requests: string[]): Promise<void> {
  const { port } = new URL(relay.url);
  client = connect({ port: Number(port), host: '127.0.0.1' });
  client.on('error', () => undefined);
  heard = '';
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.on('data', (chunk) => (heard += chunk.toString('latin1')));
  for (const request of requests) client.write(request);
  await closed;
}
const describeRequest = () => `DESCRIBE ${relay.url} RTSP/1.0\r\nCSeq: 7\r\nAccept: application/sdp\r\n\r\n`;
const sequenceOf = (request: string) => /CSeq: (\d+)/.exec(request)?.[1] ?? '';

describe('the relay between FFmpeg and a camera (T24, R29)', () => {
  it('asks the camera under its own address, and answers a challenge without FFmpeg hearing of it', async () => {
    camera.answer = (request, socket) => {
      const cseq = `CSeq: ${sequenceOf(request)}\r\n`;
      if (!request.includes('Authorization'))
        socket.write(`RTSP/1.0 401 Unauthorized\r\n${cseq}WWW-Authenticate: Digest realm="c", nonce="n"\r\n\r\n`);
      else {
        const body = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=control:rtsp://10.9.9.9/live/1\r\n';
        socket.end(`RTSP/1.0 200 OK\r\n${cseq}Content-Base: rtsp://10.9.9.9/live\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      }
    };
    await ask(describeRequest());
    expect(camera.asked).toHaveLength(2);
    expect(camera.asked[1]).toMatch(/^DESCRIBE rtsp:\/\/127\.0\.0\.1:\d+\/live RTSP\/1\.0\r\n/);
    expect(heard).toMatch(/^RTSP\/1\.0 200 OK\r\nCSeq: 7\r\n/);
    expect(heard).toContain(`a=control:${relay.url}/track/0`);
    expect(heard).not.toMatch(/ 401 |10\.9\.9\.9|Digest|geheim/);
  });

  it('gives a camera up that is never content with who we are', async () => {
    camera.answer = (request, socket) => {
      const challenge = `Digest realm="c", nonce="n${camera.asked.length}", stale=true`;
      socket.write(`RTSP/1.0 401 Unauthorized\r\nCSeq: ${sequenceOf(request)}\r\nWWW-Authenticate: ${challenge}\r\n\r\n`);
    };
    await ask(describeRequest());
    expect([camera.asked.length, relay.problem?.message]).toEqual([4, 'the camera refuses the user name or the password']);
    expect(heard).toMatch(/^RTSP\/1\.0 401 Unauthorized\r\nCSeq: 7\r\n/);
  });

  /** A camera that plays, and answers signs of life as it is told to. Hangs up when it is asked how its picture is. */
  function playing(answerOf: (request: string) => string): void {
    camera.answer = (request, socket) => {
      const cseq = `CSeq: ${sequenceOf(request)}\r\n`;
      if (request.startsWith('GET_PARAMETER')) socket.write(`RTSP/1.0 ${answerOf(request)}\r\n${cseq}\r\n`);
      else if (request.startsWith('SET_PARAMETER')) socket.end(`RTSP/1.0 200 OK\r\n${cseq}\r\n`);
      else if (request.includes('nonce="one"')) socket.write(`RTSP/1.0 200 OK\r\n${cseq}Session: 5\r\n\r\n`);
      else socket.write(`RTSP/1.0 401 Unauthorized\r\n${cseq}WWW-Authenticate: Digest realm="c", nonce="one"\r\n\r\n`);
    };
  }
  const requestOf = (method: string, cseq: number) => `${method} ${relay.url} RTSP/1.0\r\nCSeq: ${cseq}\r\nSession: 5\r\n\r\n`;
  const whilePlaying = () => ask(requestOf('PLAY', 1), requestOf('GET_PARAMETER', 2), requestOf('SET_PARAMETER', 3));

  it.each(['401 Unauthorized', '404 Not Found', '451 Parameter Not Understood'])(
    'goes on with a camera that answers %s to a sign of life while it plays',
    async (status) => {
      playing(() => status);
      await whilePlaying();
      expect(heard).toMatch(new RegExp(`CSeq: 2\\r\\n[^]*RTSP/1\\.0 200 OK\\r\\nCSeq: 3`));
      expect([heard.includes(` ${status.slice(0, 3)} `), relay.problem?.message]).toEqual([true, 'the stream of the camera ended']);
    },
  );

  it('shows who we are again where a nonce has expired that the camera does not call stale', async () => {
    playing((request) =>
      request.includes('nonce="two"') ? '200 OK' : '401 Unauthorized\r\nWWW-Authenticate: Digest realm="c", nonce="two"',
    );
    await whilePlaying();
    expect(camera.asked.filter((request) => request.startsWith('GET_PARAMETER'))).toHaveLength(2);
    expect([heard.includes(' 401 '), relay.problem?.message]).toEqual([false, 'the stream of the camera ended']);
  });

  it.each([301, 302, 305])('does not follow a %d, and opens no other connection (R29)', async (status) => {
    camera.answer = (request, socket) =>
      socket.write(`RTSP/1.0 ${status} Moved\r\nCSeq: ${sequenceOf(request)}\r\nLocation: ${camera.url}\r\n\r\n`);
    await ask(describeRequest());
    expect(relay.problem?.message).toBe('the camera sends us to another address, which is not followed');
    expect([heard, camera.sockets.length, camera.asked.length]).toEqual(['', 1, 1]);
  });

  it('does not obey a camera that orders a redirect', async () => {
    camera.answer = (_request, socket) =>
      socket.write(`REDIRECT ${camera.url} RTSP/1.0\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:1/\r\n\r\n`);
    await ask(describeRequest());
    expect([relay.problem?.message, camera.sockets.length]).toEqual(['the camera sends us to another address, which is not followed', 1]);
  });

  it.each([
    ['headers without end', (socket: Socket) => void socket.write(`RTSP/1.0 200 OK\r\n${'A: b\r\n'.repeat(20_000)}`)],
    ['a description of two gigabytes', (socket: Socket) => void socket.write('RTSP/1.0 200 OK\r\nContent-Length: 2000000000\r\n\r\n')],
    ['bytes that mean nothing', (socket: Socket) => void socket.write(Buffer.alloc(100_000, 0xff))],
    ['another protocol', (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\n')],
  ])('ends with a camera that sends %s', async (_name, misbehave) => {
    camera.answer = (_request, socket) => misbehave(socket);
    await ask(describeRequest());
    expect([heard, relay.problem?.message]).toEqual(['', expect.stringContaining('the camera does not speak RTSP')]);
  });

  it('ends with a camera that hangs up, resets, or announces more than it sends', async () => {
    camera.answer = (_request, socket) => void socket.end('RTSP/1.0 200 OK\r\nContent-Length: 90\r\n\r\nv=0');
    await ask(describeRequest());
    expect([heard, relay.problem?.message]).toEqual(['', 'the stream of the camera ended']);
    relay = await RtspRelay.open(camera.url);
    camera.answer = (_request, socket) => void socket.resetAndDestroy();
    await ask(describeRequest());
    expect(relay.problem?.message).toBe('the camera cut the connection');
  });

  it('does not wait for an answer that comes byte by byte', async () => {
    relay.close();
    relay = await RtspRelay.open(camera.url, { answerMsMax: 400 });
    camera.answer = (_request, socket) => {
      const drip = setInterval(() => socket.write('R'), 20);
      socket.once('close', () => clearInterval(drip));
    };
    await ask(describeRequest());
    expect([heard, relay.problem?.message]).toEqual(['', 'the camera does not answer']);
  });

  it('does not send a request that no camera was meant to get', async () => {
    await ask(`DESCRIBE ${relay.url}/../x RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
    expect([camera.asked, camera.sockets.length]).toEqual([[], 0]);
    await ask(`EXEC ${relay.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
    expect(camera.asked).toEqual([]);
  });

  it('is for one who knows its path, and for one only', async () => {
    const guess = relay.url.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    await ask(describeRequest().replace(relay.url, guess));
    expect([heard, camera.sockets.length]).toEqual(['', 0]);
    camera.answer = () => relay.close();
    await ask(describeRequest());
    expect(camera.sockets.length).toBe(1);
    await ask(describeRequest());
    expect([heard, camera.sockets.length]).toEqual(['', 1]);
  });

  it('stops reading the camera while FFmpeg does not read', async () => {
    let sentBytes = 0;
    const packet = Buffer.concat([Buffer.from([0x24, 0, 0xff, 0xff]), Buffer.alloc(0xffff)]);
    camera.answer = (_request, socket) => {
      const write = () => {
        while (sentBytes < 64 * 1024 * 1024 && !socket.destroyed) {
          sentBytes += packet.length;
          if (!socket.write(packet)) return;
        }
      };
      socket.on('drain', write);
      write();
    };
    const asking = ask(describeRequest());
    client.pause();
    await until(() => sentBytes > 0);
    let before = -1;
    // What the system's own buffers hold is sent; then it stands still.
    while (before !== sentBytes) {
      before = sentBytes;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(sentBytes).toBeLessThan(48 * 1024 * 1024);
    relay.close();
    client.destroy();
    await asking;
  });

  it('keeps the password out of the command line and the environment of FFmpeg (T3, T4)', async () => {
    const ffmpeg = await findFfmpeg();
    if (!ffmpeg) throw new Error('FFmpeg is not installed');
    const input = await openInput({ kind: 'camera', url: camera.url }, ffmpeg);
    const process = FfmpegProcess.start({ ffmpeg, arguments: [...input.arguments, '-f', 'null', '-'] });
    for (const pipe of process.pipes) pipe.resume();
    await new Promise<void>((resolve) => (camera.answer = () => resolve()));
    const told = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${process.pid}/${name}`, 'latin1')).join();
    expect(told).toContain('127.0.0.1');
    expect(told).not.toMatch(/geheim|ada:/);
    await process.stop();
    input.close();
  });
});
