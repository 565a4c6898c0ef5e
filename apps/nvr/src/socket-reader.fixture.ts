import { until } from '@nightjar/testing';
import { WebSocket } from 'ws';

/** One message of a live stream. */
interface SocketMessage {
  event: string;
  id?: number;
  data: unknown;
}

/** Reads a WebSocket as it comes; `messages` grows. */
export class SocketReader {
  readonly messages: SocketMessage[] = [];
  /** The last id that came, as a client keeps it. */
  lastId: number | undefined;
  closedWith: number | undefined;
  /** Status and body of a handshake that was refused. */
  refused: { status: number; body: string } | undefined;
  pings = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (text: Buffer) => this.take(JSON.parse(text.toString('utf8')) as SocketMessage));
    socket.on('ping', () => this.pings++);
    socket.on('close', (code) => (this.closedWith = code));
    socket.on('error', () => undefined);
  }

  /** Waits until the handshake is answered. */
  static open(url: string, headers: Record<string, string> = {}): Promise<SocketReader> {
    const reader = new SocketReader(new WebSocket(url.replace(/^http/, 'ws'), { headers, handshakeTimeout: 60_000 }));
    return new Promise((resolve, reject) => {
      reader.socket.on('open', () => resolve(reader));
      reader.socket.on('error', reject);
      reader.socket.on('unexpected-response', (_request, response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          reader.refused = { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') };
          resolve(reader);
        });
      });
    });
  }

  close(): void {
    this.socket.terminate();
  }

  of(event: string): SocketMessage[] {
    return this.messages.filter((message) => message.event === event);
  }

  /** Waits until the messages fulfil the condition. */
  until(condition: (reader: SocketReader) => boolean): Promise<void> {
    return until(() => condition(this));
  }

  private take(message: SocketMessage): void {
    this.messages.push(message);
    if (message.id !== undefined) this.lastId = message.id;
  }
}
