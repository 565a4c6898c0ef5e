import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { BrokerMessage } from './broker-message.js';
import { makeSubscription, type Interest, type Subscriber, type Subscription } from './interest.js';
import { isValidPattern, splitSubject } from './subject.js';
import { ProtocolError, WireParser, type ClientCommand, type ConnectOptions } from './wire-parser.js';

const crlf = Buffer.from('\r\n');
const authTimeoutMs = 2_000;

/** Bounds of one connection. A client beyond one of them is disconnected with the text nats-server uses. */
export interface ConnectionLimits {
  readonly payloadBytesMax: number;
  readonly subscriptionsMax: number;
  /** Bytes waiting for a client that does not read; past it the client is a slow consumer and loses its connection. */
  readonly unsentBytesMax: number;
}

/** What a connection needs of its broker. */
interface ConnectionHost {
  readonly interest: Interest;
  readonly limits: ConnectionLimits;
  readonly token: string;
  publish(message: BrokerMessage, from: ClientConnection): void;
}

/** One client: its socket, its place in the protocol, its subscriptions. */
export class ClientConnection implements Subscriber {
  /** Whether the client wants a 503 when nobody listens to its request. */
  wantsNoResponders = false;
  /** Whether the client's own messages come back to its subscriptions. */
  echo = true;

  private readonly subscriptions = new Map<string, Subscription>();
  private readonly parser: WireParser;
  private readonly authTimer: NodeJS.Timeout;
  private authenticated = false;
  private verbose = false;
  private unsent: Buffer[] = [];
  private unsentBytes = 0;
  private flushScheduled = false;

  constructor(
    private readonly socket: Socket,
    private readonly host: ConnectionHost,
    info: object,
  ) {
    this.parser = new WireParser({ payloadBytesMax: host.limits.payloadBytesMax, lineBytesMax: 4_096 });
    this.authTimer = setTimeout(() => this.fail('Authentication Timeout'), authTimeoutMs);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => socket.destroy()); // a client that goes away is normal; 'close' follows
    socket.on('close', () => this.release());
    this.write(`INFO ${JSON.stringify(info)}\r\n`);
  }

  /** Delivers a message on one of this client's subscriptions, which ends when it has had its number. */
  send(subscription: Subscription, message: BrokerMessage): void {
    const { subject, replyTo, headerBytes, payload } = message;
    const address = `${subject} ${subscription.sid} ${replyTo === '' ? '' : `${replyTo} `}`;
    this.write(headerBytes > 0 ? `HMSG ${address}${headerBytes} ${payload.length}\r\n` : `MSG ${address}${payload.length}\r\n`, payload);
    subscription.delivered += 1;
    if (subscription.delivered >= subscription.deliverAtMost) this.unsubscribe(subscription);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    try {
      for (const command of this.parser.push(chunk)) {
        this.handle(command);
        if (this.socket.destroyed || this.socket.writableEnded) return;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(error.message);
    }
  }

  private handle(command: ClientCommand): void {
    if (!this.authenticated && command.kind !== 'connect' && command.kind !== 'ping') throw new ProtocolError('Authorization Violation');
    switch (command.kind) {
      case 'connect':
        this.connect(command.options);
        break;
      case 'publish':
        this.host.publish(command, this);
        break;
      case 'subscribe':
        this.subscribe(command);
        break;
      case 'unsubscribe':
        this.limitSubscription(command.sid, command.deliverAtMost);
        break;
      case 'ping':
        this.write('PONG\r\n');
        return;
      case 'pong':
        return;
    }
    if (this.verbose) this.write('+OK\r\n');
  }

  private connect(options: ConnectOptions): void {
    if (!isSameSecret(options.auth_token ?? '', this.host.token)) throw new ProtocolError('Authorization Violation');
    clearTimeout(this.authTimer);
    this.authenticated = true;
    this.verbose = options.verbose === true;
    this.echo = options.echo !== false;
    this.wantsNoResponders = options.no_responders === true && options.headers === true;
  }

  private subscribe(request: { subject: string; queue: string; sid: string }): void {
    if (!isValidPattern(splitSubject(request.subject))) {
      this.write("-ERR 'Invalid Subject'\r\n");
      return;
    }
    if (this.subscriptions.size >= this.host.limits.subscriptionsMax) throw new ProtocolError('Maximum Subscriptions Exceeded');
    const previous = this.subscriptions.get(request.sid);
    if (previous) this.unsubscribe(previous);
    const subscription = makeSubscription(this, request);
    this.subscriptions.set(request.sid, subscription);
    this.host.interest.add(subscription);
  }

  private limitSubscription(sid: string, deliverAtMost: number | undefined): void {
    const subscription = this.subscriptions.get(sid);
    if (!subscription) return;
    if (deliverAtMost !== undefined && deliverAtMost > subscription.delivered) subscription.deliverAtMost = deliverAtMost;
    else this.unsubscribe(subscription);
  }

  private unsubscribe(subscription: Subscription): void {
    this.subscriptions.delete(subscription.sid);
    this.host.interest.remove(subscription);
  }

  /** Writes are gathered and sent once per turn of the loop: many small messages become one packet. */
  private write(head: string, payload?: Buffer): void {
    if (this.socket.destroyed) return;
    this.unsent.push(Buffer.from(head, 'latin1'));
    this.unsentBytes += head.length;
    if (payload) {
      this.unsent.push(payload, crlf);
      this.unsentBytes += payload.length + crlf.length;
    }
    if (this.unsentBytes + this.socket.writableLength > this.host.limits.unsentBytesMax) {
      this.socket.destroy(); // "full": a slow consumer loses its connection, never the broker its memory
      return;
    }
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.flushScheduled = false;
    const buffers = this.unsent;
    this.unsent = [];
    this.unsentBytes = 0;
    if (this.socket.destroyed || this.socket.writableEnded) return;
    this.socket.cork();
    for (const buffer of buffers) this.socket.write(buffer);
    this.socket.uncork();
  }

  private fail(reason: string): void {
    this.flush();
    if (!this.socket.destroyed) this.socket.end(`-ERR '${reason}'\r\n`);
  }

  private release(): void {
    clearTimeout(this.authTimer);
    this.unsent = [];
    for (const subscription of [...this.subscriptions.values()]) this.unsubscribe(subscription);
  }
}

/** Compares in a time that tells nothing of where they differ, nor of their lengths. */
function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
