import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';

interface WebSocketDoorOptions {
  /** A longer message ends its connection with 1009. */
  readonly maxMessageBytes: number;
  /** How long the other side may take to answer a close. */
  readonly closeTimeoutMs: number;
}

/**
 * Brings WebSocket handshakes through the same routes, policies and error bodies as every other request: Node hands them out
 * aside, this puts them back, and the route's handler opens the socket when it has found nothing wrong.
 * No compression: a bomb could be inflated before anybody is known (RFC 7692 is off).
 */
export class WebSocketDoor {
  /** By the longest message that they take. */
  private readonly servers = new Map<number, WebSocketServer>();
  private readonly handshakes = new WeakMap<IncomingMessage, { socket: Duplex; head: Buffer }>();
  private readonly answerHeaders = new WeakMap<IncomingMessage, Readonly<Record<string, string>>>();

  constructor(private readonly options: WebSocketDoorOptions) {}

  /** Call before the server listens. */
  attach(fastify: FastifyInstance): void {
    fastify.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (!asksForWebSocket(request)) return answerWithoutUpgrade(fastify.server, { request, socket, head });
      socket.on('error', () => socket.destroy());
      this.handshakes.set(request, { socket, head });
      const response = new ServerResponse(request);
      response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
      // A refused handshake is answered like any request, and then the connection is of no more use.
      response.shouldKeepAlive = false;
      response.once('finish', () => (socket as { destroySoon?: () => void }).destroySoon?.());
      fastify.routing(request, response);
    });
  }

  /** Whether the request came as a handshake. */
  isHandshake(request: FastifyRequest): boolean {
    return this.handshakes.has(request.raw);
  }

  /**
   * Completes the handshake of a request that came through here.
   * @param headers go out with the answer
   * @param maxMessageBytes of this route, where clients have more or less to say than elsewhere
   * @throws AppError `invalid_argument` when the request is no complete handshake
   */
  async open(
    request: FastifyRequest,
    reply: FastifyReply,
    headers: Readonly<Record<string, string>> = {},
    maxMessageBytes = this.options.maxMessageBytes,
  ): Promise<WebSocket> {
    const handshake = this.handshakes.get(request.raw);
    const { 'sec-websocket-key': key, 'sec-websocket-version': version } = request.headers;
    if (!handshake || !/^[+/0-9A-Za-z]{22}==$/.test(key ?? '') || version !== '13')
      throw new AppError('invalid_argument', 'not a WebSocket handshake (RFC 6455)');
    this.answerHeaders.set(request.raw, headers);
    reply.hijack();
    const server = this.serverFor(maxMessageBytes);
    return new Promise((resolve) => server.handleUpgrade(request.raw, handshake.socket, handshake.head, resolve));
  }

  private serverFor(maxMessageBytes: number): WebSocketServer {
    const known = this.servers.get(maxMessageBytes);
    if (known) return known;
    // The package's types do not know `closeTimeout` yet.
    const options: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      closeTimeout: this.options.closeTimeoutMs,
      clientTracking: false,
    };
    const server = new WebSocketServer(options);
    server.on('headers', (lines, request) => {
      lines.push(...Object.entries(this.answerHeaders.get(request) ?? {}).map(([name, value]) => `${name}: ${value}`));
    });
    this.servers.set(maxMessageBytes, server);
    return server;
  }
}

/**
 * Browsers let any page open a WebSocket to any host, and say who the page is: a page from elsewhere has another origin than the
 * host it talks to. Programs send no origin.
 * @throws AppError `permission_denied`
 */
export function refuseForeignPages({ host, origin }: { origin?: string | undefined; host?: string | undefined }): void {
  if (origin === undefined) return;
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!page || page.host !== host) throw new AppError('permission_denied', 'a page of another site may not connect here');
}

function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * An offer of another protocol may be ignored (RFC 9110 §7.8): some HTTP clients offer h2c with every first request. But Node
 * gives each request with an offer away as soon as somebody wants WebSockets, with its body unread: it is put back without it.
 */
function answerWithoutUpgrade(server: Server, { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer }): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index]!, rawHeaders[index + 1]!];
    if (/^(upgrade|http2-settings)$/i.test(name)) continue;
    lines.push(`${name}: ${/^connection$/i.test(name) ? withoutUpgradeTokens(value) : value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

function withoutUpgradeTokens(connection: string): string {
  return connection
    .split(',')
    .map((token) => token.trim())
    .filter((token) => !/^(upgrade|http2-settings)$/i.test(token))
    .join(', ');
}
