import type { ServerResponse } from 'node:http';
import type { LiveConnection } from './live-connection.js';
import type { LiveContent, LiveMessage } from './live-message.js';

/** How long a browser waits before it connects again. */
const retryMs = 2_000;

/** JSON has no line breaks, so each message is one `data` line. An id without data shows nothing and sets the position. */
export function sseFormat(content: LiveContent): string {
  if (content.event === 'opened') return `retry: ${retryMs}\nid: ${content.id}\n\n`;
  const id = 'id' in content ? `id: ${content.id}\n` : '';
  return `${id}event: ${content.event}\ndata: ${JSON.stringify(content.data)}\n\n`;
}

/** Server-Sent Events on a response whose head is out. */
export class SseConnection implements LiveConnection {
  constructor(private readonly response: ServerResponse) {}

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  send(message: LiveMessage): boolean {
    return this.response.write(message.in(sseFormat));
  }

  keepAlive(): void {
    this.response.write(': keep-alive\n\n');
  }

  end(): void {
    this.response.end();
  }

  destroy(): void {
    this.response.destroy();
  }

  whenRoom(callback: () => void): void {
    this.response.on('drain', callback);
  }

  whenClosed(callback: () => void): void {
    this.response.on('close', callback);
  }
}
