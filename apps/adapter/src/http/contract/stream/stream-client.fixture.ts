import { until } from '@nightjar/testing';
import { WebSocket, type ClientOptions } from 'ws';
import { ServerMessage } from '../contract-messages.js';

/** A client of `/infer/stream` that checks every message it gets. */
export class StreamClient {
  readonly messages: ServerMessage[] = [];
  readonly socket: WebSocket;
  closed: { code: number; reason: string } | undefined;

  private constructor(url: string, options: ClientOptions) {
    this.socket = new WebSocket(url.replace('http', 'ws'), options);
    this.socket.on('message', (data) => this.messages.push(ServerMessage.parse(JSON.parse((data as Buffer).toString('utf8')))));
    this.socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString('utf8') }));
  }

  /** @throws the refusal of the handshake: `Unexpected server response: 401` */
  static async open(url: string, options: ClientOptions = {}): Promise<StreamClient> {
    const client = new StreamClient(url, options);
    await new Promise((resolve, reject) => client.socket.once('open', resolve).once('error', reject));
    client.socket.on('error', () => undefined);
    return client;
  }

  /** An open session that has shaken hands. */
  static async start(url: string, camera?: string): Promise<StreamClient> {
    const client = await StreamClient.open(url);
    client.send({ type: 'handshake', client_id: 'spec', frame_transport: 'websocket', ...(camera && { camera_id: camera }) });
    await until(() => client.messages.length > 0);
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  sendFrame(seq: number, bytes: Uint8Array, extra: object = {}): void {
    this.send({ type: 'frame', seq, ts_ms: seq * 40, content_type: 'image/jpeg', ...extra });
    this.socket.send(bytes);
  }

  get results(): (ServerMessage & { type: 'result' })[] {
    return this.messages.filter((message) => message.type === 'result');
  }

  async resultsOf(count: number): Promise<(ServerMessage & { type: 'result' })[]> {
    await until(() => this.results.length >= count || this.closed !== undefined);
    return this.results;
  }

  async end(): Promise<{ code: number; reason: string }> {
    await until(() => this.closed !== undefined);
    return this.closed!;
  }
}

/** Category and code of a result that is a failure. */
export function failureOf({ result }: ServerMessage & { type: 'result' }): string | undefined {
  const error = (result as { error?: { category: string; code: string } }).error;
  return error && `${error.category}/${error.code}`;
}
