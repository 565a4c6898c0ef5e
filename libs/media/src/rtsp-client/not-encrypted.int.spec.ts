import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { RtspRelay } from '../rtsp-relay/rtsp-relay.js';
import { RtspClient } from './rtsp-client.js';

const said = 'the camera does not speak rtsps at this address and port';
let server: Server;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A camera that knows rtsp:// alone, and what it does with the begin of TLS. */
async function start(answer: (socket: Socket) => void): Promise<string> {
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `rtsps://admin:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}/live`;
}

describe.each([
  ['says nothing', () => undefined],
  ['hangs up', (socket: Socket) => socket.destroy()],
  ['is reset', (socket: Socket) => socket.resetAndDestroy()],
  ['answers in plain words', (socket: Socket) => socket.write('RTSP/1.0 400 Bad Request\r\n\r\n')],
] as const)('a camera that is asked for rtsps, knows rtsp alone and %s', (_what, answer) => {
  it('is told apart from one that is not there, by the reader without FFmpeg', async () => {
    const url = await start(answer);
    const client = new RtspClient({ url, answerMsMax: 500, isPrompt: () => true, onVideo: () => undefined, onPacket: () => undefined });
    await expect(client.run(new AbortController().signal)).rejects.toMatchObject({ code: 'unavailable', message: said });
  });

  it('is told apart from one that is not there, by the relay', async () => {
    const relay = await RtspRelay.open(await start(answer), { answerMsMax: 500 });
    const ffmpeg = connect(Number(new URL(relay.url).port), '127.0.0.1');
    sockets.push(ffmpeg);
    ffmpeg.on('error', () => undefined);
    ffmpeg.write(`OPTIONS ${relay.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
    await until(() => relay.problem !== undefined);
    expect(relay.problem).toMatchObject({ message: said });
    relay.close();
  });
});
