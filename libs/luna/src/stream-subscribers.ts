import { listenersMax, type StreamMessage } from '@nightjar/contracts';
import type { Logger } from '@nightjar/runtime';
import { WebSocket } from 'ws';

/** Close codes of RFC 6455 as this surface uses them. */
const closeCodes = { streamEnded: 1000, goingAway: 1001, noLongerAllowed: 1008, tooManySubscribers: 1013 } as const;

const pingEveryMs = 20_000;
/** What a socket may hold back. Full: messages are no longer sent but replace each other, the newest waits. */
const bufferedBytesMax = 256 * 1024;
/** A client that took nothing for so long is dropped. */
const stuckMsMax = 30_000;

interface Subscriber {
  socket: WebSocket;
  streamId: string;
  answeredPing: boolean;
  /** Newest message that did not fit into the socket's buffer. */
  waiting: string | undefined;
  stuckSinceMs: number | undefined;
}

/** Listeners whose sockets another process holds. */
export interface ListenersElsewhere {
  listens: (streamId: string) => boolean;
  send: (streamId: string, message: StreamMessage) => void;
}

/**
 * Who listens to which stream. Slow listeners never hold up the analysis or each other: per socket the newest message wins, and
 * one that stops reading, or does not answer a ping for 20 s, is dropped.
 */
export class StreamSubscribers {
  private readonly subscribers = new Set<Subscriber>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: { logger: Logger; pingEveryMs?: number; elsewhere?: ListenersElsewhere }) {
    this.timer = setInterval(() => this.pingAll(), options.pingEveryMs ?? pingEveryMs);
    this.timer.unref();
  }

  get count(): number {
    return this.subscribers.size;
  }

  /** Whether anybody listens to this stream. */
  listens(streamId: string): boolean {
    for (const subscriber of this.subscribers) if (subscriber.streamId === streamId) return true;
    return this.options.elsewhere?.listens(streamId) ?? false;
  }

  /** Streams to which somebody listens here. */
  get streamIds(): ReadonlySet<string> {
    return new Set([...this.subscribers].map(({ streamId }) => streamId));
  }

  /** Takes an open socket over. Full: it is closed with 1013, try again later. */
  add(socket: WebSocket, streamId: string): void {
    // Its errors end it, which is all that there is to do about them.
    socket.on('error', () => socket.terminate());
    if (this.subscribers.size >= listenersMax) return socket.close(closeCodes.tooManySubscribers, 'too many subscribers');
    const subscriber: Subscriber = { socket, streamId, answeredPing: true, waiting: undefined, stuckSinceMs: undefined };
    this.subscribers.add(subscriber);
    socket.on('pong', () => {
      subscriber.answeredPing = true;
    });
    socket.on('close', () => this.subscribers.delete(subscriber));
  }

  send(streamId: string, message: StreamMessage): void {
    const { elsewhere } = this.options;
    if (elsewhere?.listens(streamId)) elsewhere.send(streamId, message);
    const listeners = [...this.subscribers].filter((subscriber) => subscriber.streamId === streamId);
    if (listeners.length === 0) return;
    const text = JSON.stringify(message);
    for (const listener of listeners) this.offer(listener, text);
  }

  /** The stream has ended: a last message says so, then the sockets close. */
  end(streamId: string, status: 'done' | 'failure' | 'stop' = 'stop', error: string | null = null): void {
    this.send(streamId, { stream_status: status, error, analytics_results: {} });
    for (const { socket } of [...this.subscribers].filter((subscriber) => subscriber.streamId === streamId))
      socket.close(closeCodes.streamEnded, 'the stream ended');
  }

  /** Its right to listen has ended. */
  refuse(socket: WebSocket): void {
    socket.close(closeCodes.noLongerAllowed, 'no longer allowed');
  }

  close(): void {
    clearInterval(this.timer);
    for (const { socket } of this.subscribers) socket.close(closeCodes.goingAway, 'the service stops');
  }

  private offer(subscriber: Subscriber, text: string): void {
    const { socket } = subscriber;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > bufferedBytesMax) {
      subscriber.waiting = text;
      subscriber.stuckSinceMs ??= performance.now();
      if (performance.now() - subscriber.stuckSinceMs > stuckMsMax) this.drop(subscriber, 'it does not read');
      return;
    }
    subscriber.stuckSinceMs = undefined;
    subscriber.waiting = undefined;
    socket.send(text, () => {
      const { waiting } = subscriber;
      if (waiting !== undefined) this.offer(subscriber, waiting);
    });
  }

  private pingAll(): void {
    for (const subscriber of this.subscribers) {
      if (!subscriber.answeredPing) this.drop(subscriber, 'no answer to a ping');
      else {
        subscriber.answeredPing = false;
        subscriber.socket.ping();
      }
    }
  }

  private drop(subscriber: Subscriber, reason: string): void {
    this.options.logger.info('subscriber dropped', { streamId: subscriber.streamId, reason });
    subscriber.socket.terminate();
    this.subscribers.delete(subscriber);
  }
}
