import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { LiveMessage } from './live-message.js';
import { SseConnection } from './sse-connection.js';

const head = { 'content-type': 'text/event-stream' };
const opened = (id: number) => new LiveMessage({ event: 'opened', id, data: {} });
const textOf = (id: number) => `retry: 2000\nid: ${id}\n\n`;

let connections: SseConnection[] = [];
let answerFirst: (() => void) | undefined;
const server = http.createServer((request, response) => {
  if (request.url === '/first') {
    answerFirst = () => response.end('first');
    return;
  }
  response.writeHead(200, head);
  connections.push(new SseConnection(response));
});
let port: number;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as net.AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends text as it is. @returns what came back so far */
function talk(text: string): { socket: net.Socket; heard: () => string } {
  let heard = '';
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
  socket.setEncoding('utf8').on('data', (data: string) => (heard += data));
  return { socket, heard: () => heard };
}

async function nextConnection(): Promise<SseConnection> {
  await until(() => connections.length > 0);
  const [connection] = connections;
  connections = [];
  if (!connection) throw new Error('no connection');
  return connection;
}

describe('messages on a response', () => {
  it('are chunks of HTTP/1.1, in order, with what Node itself writes after them', async () => {
    const { heard, socket } = talk('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const connection = await nextConnection();
    connection.send(opened(1));
    connection.send(opened(22));
    connection.keepAlive();
    connection.end();
    await until(() => heard().endsWith('\r\n0\r\n\r\n'));
    const body = heard().slice(heard().indexOf('\r\n\r\n') + 4);
    expect(body).toBe(`13\r\n${textOf(1)}\r\n14\r\n${textOf(22)}\r\ne\r\n: keep-alive\n\n\r\n0\r\n\r\n`);
    socket.destroy();
  });

  it('stand bare on HTTP/1.0, which knows no chunks', async () => {
    const { heard, socket } = talk('GET / HTTP/1.0\r\n\r\n');
    const connection = await nextConnection();
    connection.send(opened(1));
    connection.keepAlive();
    await until(() => heard().endsWith('keep-alive\n\n'));
    expect(heard().slice(heard().indexOf('\r\n\r\n') + 4)).toBe(`${textOf(1)}: keep-alive\n\n`);
    socket.destroy();
  });

  it('wait for an earlier request of the same connection to be answered', async () => {
    const { heard, socket } = talk('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const connection = await nextConnection();
    connection.send(opened(1));
    answerFirst?.();
    await until(() => heard().includes(textOf(1)));
    connection.send(opened(2));
    await until(() => heard().includes(textOf(2)));
    expect(heard().indexOf('first')).toBeLessThan(heard().indexOf(textOf(1)));
    socket.destroy();
  });

  it('say when the client takes no more, and when it does again', async () => {
    const { socket } = talk('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const connection = await nextConnection();
    let hasRoom = false;
    connection.whenRoom(() => (hasRoom = true));
    socket.pause();
    const large = new LiveMessage({ event: 'gap', id: 1, data: { last_event_id: 1, resumed_after: 1 } });
    await until(() => Array.from({ length: 5_000 }, () => connection.send(large)).includes(false));
    expect(hasRoom).toBe(false);
    socket.resume();
    await until(() => hasRoom);
    socket.destroy();
    await until(() => !connection.isOpen);
  });
});
