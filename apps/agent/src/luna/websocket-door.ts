import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, isLoopbackHost } from '@nightjar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer, type WebSocket } from 'ws';

/** Clients of this surface have nothing to say. */
const clientMessageBytesMax = 4_096;

/**
 * Brings WebSocket handshakes through the same routes, policies and error bodies as every other request: Node hands them out
 * aside, this puts them back, and the route's handler opens the socket when it has found nothing wrong.
 * No compression: a bomb could be inflated before anybody is known (RFC 7692 is off).
 */
export class WebSocketDoor {
  private readonly server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: clientMessageBytesMax,
    clientTracking: false,
  });
  private readonly handshakes = new WeakMap<IncomingMessage, { socket: Duplex; head: Buffer }>();

  /** Call before the server listens. */
  attach(fastify: FastifyInstance): void {
    fastify.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      this.handshakes.set(request, { socket, head });
      const response = new ServerResponse(request);
      response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
      // A refused handshake is answered like any request, and then the connection is of no more use.
      response.shouldKeepAlive = false;
      response.once('finish', () => socket.end());
      fastify.routing(request, response);
    });
  }

  /**
   * Completes the handshake of a request that came through here.
   * @throws AppError `invalid_argument` when the request is no handshake, `permission_denied` when a page of another site sent it
   */
  async open(request: FastifyRequest, reply: FastifyReply): Promise<WebSocket> {
    const handshake = this.handshakes.get(request.raw);
    if (!handshake || request.headers.upgrade?.toLowerCase() !== 'websocket')
      throw new AppError('invalid_argument', 'this resource speaks WebSocket: send an upgrade request');
    refuseForeignPages(request.headers);
    reply.hijack();
    return new Promise((resolve) => this.server.handleUpgrade(request.raw, handshake.socket, handshake.head, resolve));
  }
}

/**
 * Browsers let any page open a WebSocket to any host, and send who the page is. A page from elsewhere has another origin than
 * the host it talks to, and one that makes its own name resolve to this machine has a name that is not ours.
 */
export function refuseForeignPages(headers: { origin?: string | undefined; host?: string | undefined }): void {
  if (headers.origin === undefined) return;
  const page = URL.canParse(headers.origin) ? new URL(headers.origin) : undefined;
  if (!page || page.host !== headers.host) throw new AppError('permission_denied', 'a page of another site may not listen here');
}

/** Whether a `Host` header names this machine by a loopback name. */
export function namesLoopback(host: string | undefined): boolean {
  const name = /^(\[[0-9a-f:]+\]|[^:]+)(?::\d+)?$/i.exec(host ?? '')?.[1] ?? '';
  return isLoopbackHost(name.replace(/^\[|\]$/g, ''));
}
