import http, { type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as a receiver got it, read to its end. */
interface ReceivedCall {
  headers: IncomingHttpHeaders;
  body: Buffer;
  url: string;
}

/** What a receiver does with its n-th call, from 1. */
export type Answer = (response: ServerResponse, call: ReceivedCall, number: number) => void;

/** Answers with a status and nothing else. */
export const withStatus =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end();

/** A server of somebody who wants to be told, on loopback. */
export class Receiver {
  readonly calls: ReceivedCall[] = [];
  /** Connections that were ever made, whatever came over them. */
  connections = 0;
  /** Requests that were open at the same moment, at most. */
  atOnceMax = 0;
  /** Requests that are open now. */
  atOnce = 0;

  private constructor(
    private readonly server: http.Server,
    readonly url: string,
  ) {}

  static async start(answer: Answer): Promise<Receiver> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = new Receiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
    server.on('connection', () => void receiver.connections++);
    server.on('request', (request, response) => {
      receiver.atOnceMax = Math.max(receiver.atOnceMax, ++receiver.atOnce);
      response.once('close', () => void receiver.atOnce--);
      response.on('error', () => undefined);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const call = { headers: request.headers, body: Buffer.concat(chunks), url: request.url ?? '' };
        answer(response, call, receiver.calls.push(call));
      });
    });
    return receiver;
  }

  /** Ids of the messages that came, repetitions included. */
  get ids(): string[] {
    return this.calls.map(({ headers }) => String(headers['webhook-id']));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
