import type { WebSocket } from 'ws';
import type { EndReason, LiveConnection } from './live-connection.js';
import type { LiveContent, LiveFormat, LiveMessage } from './live-message.js';

/** Full: the socket says so, and what comes waits in the rows. */
const bufferedMaxBytes = 64 * 1024;
const bufferedLowBytes = 16 * 1024;
/** A client that leaves so many pings unanswered has gone without a word. */
const pingsUnansweredMax = 2;

/** Close codes of RFC 6455: going away, and a breach of policy. */
const closeCodes: Record<EndReason, number> = { over: 1001, refused: 1008 };

/** `{event, id?, data}`: the same as the Server-Sent Events. */
export function webSocketFormat(content: LiveContent): Buffer {
  return Buffer.from(JSON.stringify(content));
}

/** A WebSocket that only we speak on; what a client says is read over. */
export class WebSocketConnection implements LiveConnection {
  private isFull = false;
  private pingsUnanswered = 0;
  private onRoom: (() => void) | undefined;

  /** @param wants false for content that this client did not ask for */
  constructor(
    private readonly socket: WebSocket,
    private readonly format: LiveFormat,
    private readonly wants: (content: LiveContent) => boolean = () => true,
  ) {
    socket.on('pong', () => (this.pingsUnanswered = 0));
    // A message that is too long, or no WebSocket at all: the package closes the socket itself.
    socket.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  send(message: LiveMessage): boolean {
    if (!this.wants(message.content)) return !this.isFull;
    this.socket.send(message.in(this.format), { binary: false }, () => this.noticeRoom());
    this.isFull ||= this.socket.bufferedAmount > bufferedMaxBytes;
    return !this.isFull;
  }

  keepAlive(): void {
    if (this.pingsUnanswered >= pingsUnansweredMax) return this.destroy();
    this.pingsUnanswered++;
    this.socket.ping();
  }

  end(reason: EndReason): void {
    this.socket.close(closeCodes[reason]);
  }

  destroy(): void {
    this.socket.terminate();
  }

  whenRoom(callback: () => void): void {
    this.onRoom = callback;
  }

  whenClosed(callback: () => void): void {
    this.socket.on('close', callback);
  }

  private noticeRoom(): void {
    if (!this.isFull || !this.isOpen || this.socket.bufferedAmount > bufferedLowBytes) return;
    this.isFull = false;
    this.onRoom?.();
  }
}
