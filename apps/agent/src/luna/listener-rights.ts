import type { Principal } from '@nightjar/auth';
import { checkListeners, type StreamListener } from '@nightjar/contracts';
import type { StreamSubscribers } from '@nightjar/luna';
import type { Bus } from '@nightjar/messaging';
import { toAppError, type Logger } from '@nightjar/runtime';
import type { WebSocket } from 'ws';

/** How long a right that has ended goes on here, beside the 5 s for which the NVR remembers sessions. */
const checkEveryMs = 10_000;
const answerTimeoutMs = 10_000;

interface Listening {
  stream_id: string;
  listener: StreamListener;
}

/** Ends who may not listen any more. Who may see which camera, the NVR knows; while it is away nobody is ended. */
export class ListenerRights {
  private readonly listening = new Map<WebSocket, Listening>();
  private readonly timer: NodeJS.Timeout;
  private checking: Promise<void> | undefined;

  constructor(
    private readonly options: {
      bus: Pick<Bus, 'request'>;
      subscribers: Pick<StreamSubscribers, 'refuse'>;
      logger: Logger;
      everyMs?: number;
    },
  ) {
    this.timer = setInterval(() => void this.check(), options.everyMs ?? checkEveryMs);
    this.timer.unref();
  }

  /** Watches over the right of a socket that stands. Whoever is let in without a credential, or as a service, has one for good. */
  add(socket: WebSocket, streamId: string, principal: Principal): void {
    const listener = listenerOf(principal);
    if (!listener || socket.readyState !== socket.OPEN) return;
    this.listening.set(socket, { stream_id: streamId, listener });
    socket.once('close', () => this.listening.delete(socket));
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.checking;
  }

  private check(): Promise<void> {
    this.checking ??= this.ask()
      .catch((thrown: unknown) => this.options.logger.debug('the rights of listeners were not checked', { error: toAppError(thrown) }))
      .finally(() => (this.checking = undefined));
    return this.checking;
  }

  private async ask(): Promise<void> {
    const asked = [...this.listening].filter(([socket]) => socket.readyState === socket.OPEN);
    if (asked.length === 0) return;
    const listeners = asked.map(([, listening]) => listening);
    const { allowed } = await this.options.bus.request(checkListeners, { listeners }, { timeoutMs: answerTimeoutMs });
    for (const [index, [socket]] of asked.entries()) if (allowed[index] === false) this.options.subscribers.refuse(socket);
  }
}

function listenerOf(principal: Principal): StreamListener | undefined {
  switch (principal.kind) {
    case 'user':
      return { user_id: principal.userId, session_id: principal.sessionId ?? null };
    case 'api_key':
      return { key_id: principal.keyId };
    case 'service':
      return undefined;
  }
}
