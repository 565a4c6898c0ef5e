import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError, FakeClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { WebSocket, WebSocketServer } from 'ws';
import type { FeedPart } from './live-feed.js';
import { SocketViewer } from './socket-viewer.js';

let server: WebSocketServer;
beforeAll(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
});
afterAll(async () => {
  // Also those of a test that failed on the way.
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
});

const session = { id: 7, init: Buffer.from('init'), codec: 'avc1.64001f', videoCodec: 'h264' };
/** Bigger than any buffer of the operating system, so that a viewer who does not read is noticed. */
const partBytes = 1024 * 1024;

async function connect(revalidate: () => Promise<void> = () => Promise.resolve()) {
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const got: (number | Record<string, unknown>)[] = [];
  client.on('message', (data: Buffer, isBinary) =>
    got.push(isBinary ? data.length : (JSON.parse(data.toString('utf8')) as Record<string, unknown>)),
  );
  await once(client, 'open');
  const [socket] = await accepted;
  const clock = new FakeClock();
  const viewer = new SocketViewer({ socket, clock, revalidate });
  let seq = 0;
  const push = (isKeyFrame: boolean, follows = true) => {
    const part: FeedPart = {
      seq: seq++,
      segment: 1,
      index: seq,
      isKeyFrame,
      durationMs: 250,
      capturedUnixMs: 5,
      bytes: Buffer.alloc(partBytes),
    };
    viewer.takePart(part, follows);
  };
  return { client, socket, viewer, clock, got, push };
}

const begin = {
  event: 'begin',
  mime: 'video/mp4; codecs="avc1.64001f"',
  video_codec: 'h264',
  session: 7,
  start_unix_ms: 5,
};

describe('a viewer on a WebSocket', () => {
  it('is told what comes, then gets the begin of the stream and fragments from a key frame on', async () => {
    const { client, got, push, viewer } = await connect();
    viewer.takeSession(undefined);
    viewer.takeSession(session);
    [false, true, false].forEach((isKeyFrame) => push(isKeyFrame));
    await until(() => got.length === 5);
    expect(got).toEqual([{ event: 'waiting' }, begin, 4, partBytes, partBytes]);
    client.terminate();
  });

  it('who does not read is left out up to a key frame, at a bounded cost, and is told what is missing', async () => {
    const { client, got, push, socket, viewer } = await connect();
    viewer.takeSession(session);
    client.pause();
    push(true);
    for (let count = 0; count < 40; count++) push(false);
    const sent = 41 - (socket.bufferedAmount > 0 ? 0 : 41);
    expect(sent).toBeGreaterThan(0);
    expect(socket.bufferedAmount).toBeLessThan(8 * partBytes);
    client.resume();
    await until(() => socket.bufferedAmount === 0);
    push(false);
    push(true);
    await until(() => got.some((message) => typeof message === 'object' && message.event === 'skipped'));
    const media = got.filter((message) => message === partBytes).length;
    await until(() => got.at(-1) === partBytes);
    const skipped = got.find((message) => typeof message === 'object' && message.event === 'skipped');
    const missing = 43 - got.filter((message) => message === partBytes).length;
    expect(media).toBeLessThan(20);
    expect(skipped).toEqual({ event: 'skipped', duration_ms: missing * 250 });
    client.terminate();
  });

  it('who takes nothing for half a minute is cut off', async () => {
    const { client, clock, push, socket, viewer } = await connect();
    viewer.takeSession(session);
    client.pause();
    push(true);
    for (let count = 0; count < 20; count++) push(false);
    await viewer.beat();
    expect(viewer.isOpen).toBe(true);
    clock.advance(31_000);
    await viewer.beat();
    await until(() => socket.readyState === socket.CLOSED);
    client.terminate();
  });

  it('who may not watch any more is sent away; a question that fails for the moment changes nothing', async () => {
    let error = new AppError('unavailable', 'the database is away');
    const { client, viewer } = await connect(() => Promise.reject(error));
    let closedWith: number | undefined;
    client.on('close', (code) => (closedWith = code));
    await viewer.beat();
    expect(viewer.isOpen).toBe(true);
    error = new AppError('not_found', 'Camera not found');
    await viewer.beat();
    await until(() => closedWith === 1008);
  });
});
