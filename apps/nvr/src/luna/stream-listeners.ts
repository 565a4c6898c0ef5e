import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { streamListened, type StreamMessage } from '@nightjar/contracts';
import type { NvrDatabase } from '@nightjar/database';
import { StreamSubscribers } from '@nightjar/luna';
import { Bus } from '@nightjar/messaging';
import { toAppError, type Logger } from '@nightjar/runtime';
import type { WebSocket } from 'ws';
import type { ApiConfig } from '../config.js';
import { CONFIG, DATABASE, LOGGER } from '../process-parts.js';
import { AgentSockets, type AgentAddress } from './agent-sockets.js';
import type { LunaStreamRow } from './luna-streams.store.js';
import type { LunaStatus } from './stream-request.js';

/** Agents tell for this many looks after the last one: some may be lost. */
const looksListened = 4;
const lookEveryMsMax = 10_000;

interface Listener {
  socket: WebSocket;
  /** Throws when he may not listen any more. */
  requireAllowed: () => Promise<unknown>;
  allowedAtMs: number;
}

interface StreamState {
  id: string;
  status: LunaStatus;
  lastError: string | null;
  agent: AgentAddress | undefined;
}

/**
 * Who listens to streams at the manager. Agents of ours tell over the bus, those of others at their own `/ws`. The manager's word on
 * a stream's status counts: one that goes from agent to agent has not ended.
 */
@Injectable()
export class StreamListeners implements OnModuleDestroy {
  private readonly subscribers: StreamSubscribers;
  private readonly listeners = new Set<Listener>();
  private readonly timer: NodeJS.Timeout;
  /** How often agents are told of listeners, what became of the streams is looked up, and whether each listener still may listen. */
  private readonly lookEveryMs: number;
  private looking: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) { liveBeatMs }: ApiConfig,
    private readonly bus: Bus,
    private readonly agents: AgentSockets,
  ) {
    this.subscribers = new StreamSubscribers({ logger });
    this.lookEveryMs = Math.min(liveBeatMs, lookEveryMsMax);
    this.timer = setInterval(() => void this.lookSoon(), this.lookEveryMs);
    this.timer.unref();
  }

  /** Takes an open socket over. A stream that does not run says so at once; one that has ended also closes. */
  add(socket: WebSocket, { id, lastError, status }: LunaStreamRow, requireAllowed: () => Promise<unknown>): void {
    this.subscribers.add(socket, id);
    const listener = { socket, requireAllowed, allowedAtMs: performance.now() };
    this.listeners.add(listener);
    socket.on('close', () => this.listeners.delete(listener));
    if (isFinal(status)) return this.subscribers.end(id, status, lastError);
    if (status !== 'in_progress') socket.send(JSON.stringify({ stream_status: status, error: lastError, analytics_results: {} }));
    this.bus.publish(streamListened, { stream_id: id, for_ms: looksListened * this.lookEveryMs });
    void this.lookSoon();
  }

  /** A message of a stream, from whoever analyses it. */
  take(streamId: string, message: StreamMessage): void {
    if (!this.subscribers.listens(streamId)) return;
    // An agent that lets a stream go says so, too, when it goes to another one: what became of it stands in its row.
    if (isFinal(message.stream_status)) void this.lookSoon();
    else this.subscribers.send(streamId, message);
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    this.subscribers.close();
    await this.looking;
  }

  private lookSoon(): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    this.looking ??= this.look()
      .catch((thrown: unknown) => this.logger.debug('streams that are listened to were not looked up', { error: toAppError(thrown) }))
      .finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async look(): Promise<void> {
    const ids = [...this.subscribers.streamIds];
    for (const id of ids) this.bus.publish(streamListened, { stream_id: id, for_ms: looksListened * this.lookEveryMs });
    const states = ids.length === 0 ? [] : await this.statesOf(ids);
    for (const id of ids) {
      const state = states.find((one) => one.id === id);
      if (!state) this.subscribers.end(id, 'stop');
      else if (isFinal(state.status)) this.subscribers.end(id, state.status, state.lastError);
    }
    const foreign = states.flatMap(({ agent, id, status }) => (agent && status === 'in_progress' ? [[id, agent] as const] : []));
    this.agents.keep(new Map(foreign), (streamId, message) => this.take(streamId, message));
    await this.refuseWhoMayNot();
  }

  private async statesOf(ids: readonly string[]): Promise<StreamState[]> {
    const rows = await this.database.lunaStream.findMany({
      where: { id: { in: [...ids] }, OR: [{ cameraId: null }, { camera: { deletedAt: null } }] },
      select: { id: true, status: true, lastError: true, heldBy: true },
    });
    const holders = rows.flatMap(({ heldBy }) => (heldBy !== null && /^[0-9a-f-]{36}$/.test(heldBy) ? [heldBy] : []));
    const agents = holders.length === 0 ? [] : await this.database.lunaAgent.findMany({ where: { id: { in: holders } } });
    return rows.map(({ heldBy, ...row }) => {
      const agent = agents.find(({ id }) => id === heldBy);
      const { apiVersion, host, port } = agent ?? { host: null };
      return { ...row, agent: host === null || port === undefined || apiVersion === undefined ? undefined : { apiVersion, host, port } };
    });
  }

  private async refuseWhoMayNot(): Promise<void> {
    const nowMs = performance.now();
    for (const listener of this.listeners) {
      if (nowMs - listener.allowedAtMs < this.lookEveryMs / 2) continue;
      listener.allowedAtMs = nowMs;
      await listener.requireAllowed().catch((thrown: unknown) => {
        // While the database that knows is away, he goes on listening.
        if (['unauthenticated', 'permission_denied', 'not_found'].includes(toAppError(thrown).code))
          this.subscribers.refuse(listener.socket);
      });
    }
  }
}

function isFinal(status: LunaStatus | StreamMessage['stream_status']): status is 'done' | 'stop' | 'failure' {
  return status === 'done' || status === 'stop' || status === 'failure';
}
