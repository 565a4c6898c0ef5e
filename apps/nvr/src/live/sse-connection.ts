import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { LiveConnection } from './live-connection.js';
import type { LiveContent, LiveMessage } from './live-message.js';

/** How long a browser waits before it connects again. */
const retryMs = 2_000;

/** JSON has no line breaks, so each message is one `data` line. An id without data shows nothing and sets the position. */
function sseFormat(content: LiveContent): Buffer {
  return Buffer.from(textOf(content));
}

/** The same as a chunk of a body in chunked encoding (RFC 9112 §7.1). */
function sseChunk(content: LiveContent): Buffer {
  return chunkOf(textOf(content));
}

function textOf(content: LiveContent): string {
  if (content.event === 'opened') return `retry: ${retryMs}\nid: ${content.id}\n\n`;
  if (content.event === 'position') return `id: ${content.id}\n\n`;
  const id = 'id' in content ? `id: ${content.id}\n` : '';
  return `${id}event: ${content.event}\ndata: ${JSON.stringify(content.data)}\n\n`;
}

const chunkOf = (text: string) => Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);

const comment = ': keep-alive\n\n';
const plainComment = Buffer.from(comment);
const chunkedComment = chunkOf(comment);

/**
 * Server-Sent Events on a response whose head is written. Bytes that are the same for all clients are made once and go to the
 * socket as they are: Node's response would frame them anew for each client, which costs as much as sending them.
 */
export class SseConnection implements LiveConnection {
  /** HTTP/1.0, which some proxies speak, has no chunks: its body ends with the connection. */
  private readonly isChunked: boolean;

  constructor(private readonly response: ServerResponse) {
    response.flushHeaders();
    this.isChunked = response.chunkedEncoding;
  }

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  send(message: LiveMessage): boolean {
    const { socket } = this.response;
    // Its connection still answers an earlier request: Node keeps what is written until it is this one's turn.
    if (!socket) return this.response.write(message.in(sseFormat));
    return writeWithTick(socket, message.in(this.isChunked ? sseChunk : sseFormat));
  }

  keepAlive(): void {
    this.response.socket?.write(this.isChunked ? chunkedComment : plainComment);
  }

  end(): void {
    this.response.end();
  }

  destroy(): void {
    this.response.destroy();
  }

  whenRoom(callback: () => void): void {
    const { response } = this;
    const { socket } = response;
    if (!socket) {
      response.on('drain', callback);
      return;
    }
    socket.on('drain', callback);
    // The socket may go on to serve another request.
    response.once('close', () => socket.off('drain', callback));
  }

  whenClosed(callback: () => void): void {
    this.response.on('close', callback);
  }
}

/** Sockets that hold what is written to them until the end of this turn of the event loop. */
let held: Socket[] = [];

/** What one turn writes to a socket goes out as one: several events that were committed together cost one call. */
function writeWithTick(socket: Socket, bytes: Buffer): boolean {
  if (socket.writableCorked === 0) {
    socket.cork();
    if (held.push(socket) === 1) process.nextTick(releaseHeld);
  }
  return socket.write(bytes);
}

function releaseHeld(): void {
  const sockets = held;
  held = [];
  for (const socket of sockets) socket.uncork();
}
