import type { LiveMessage } from './live-message.js';

/** Why we end a connection: the client may come back, or may not listen any more. */
export type EndReason = 'over' | 'refused';

/** The way to one client, whatever the protocol. */
export interface LiveConnection {
  readonly isOpen: boolean;
  /** @returns whether it takes more; if not, `whenRoom` is called as soon as it does */
  send(message: LiveMessage): boolean;
  /** Asked every 15 s while it takes more: keeps proxies from closing a quiet connection. */
  keepAlive(): void;
  end(reason: EndReason): void;
  /** At once: the other side does not read. */
  destroy(): void;
  whenRoom(callback: () => void): void;
  whenClosed(callback: () => void): void;
}
