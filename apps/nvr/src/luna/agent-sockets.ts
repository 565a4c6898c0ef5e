import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { RequestOptions } from 'node:http';
import { isIP } from 'node:net';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { StreamMessage } from '@nightjar/contracts';
import { AddressPolicy, parseRemoteUrl } from '@nightjar/outbound';
import { AppError, jsonOrUndefined, toAppError, type Logger } from '@nightjar/runtime';
import { WebSocket, type ClientOptions } from 'ws';
import type { ApiConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';

/** Where a stream's agent listens, as it registered. */
export interface AgentAddress {
  host: string;
  port: number;
  apiVersion: number;
}

const handshakeTimeoutMs = 5_000;
const messageBytesMax = 1024 * 1024;
/** An agent that neither speaks nor answers a ping for so long is away. */
const silentMsMax = 45_000;

interface AgentSocket {
  /** Undefined while its name is looked up; a socket's errors end it. */
  socket: WebSocket | undefined;
  address: string;
  isWanted: boolean;
  heardAtMs: number;
}

/**
 * Our subscriptions at agents of others, one for each stream that somebody listens to here. An agent chose the address that it
 * registered: it is connected to as addresses that users choose are, the networks of trusted agents being open.
 */
@Injectable()
export class AgentSockets implements OnModuleDestroy {
  private readonly sockets = new Map<string, AgentSocket>();
  private readonly policy: AddressPolicy;

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) config: Pick<ApiConfig, 'lunaTrustedNetworks' | 'ownPorts'>,
  ) {
    this.policy = new AddressPolicy({ networks: config.lunaTrustedNetworks, ownPorts: new Set(config.ownPorts) });
  }

  /** Makes the subscriptions equal to what is wanted. One that has ended is begun anew: call it every few seconds. */
  keep(wanted: ReadonlyMap<string, AgentAddress>, take: (streamId: string, message: StreamMessage) => void): void {
    for (const [streamId, known] of this.sockets) {
      const agent = wanted.get(streamId);
      const isStale = performance.now() - known.heardAtMs > silentMsMax;
      if (!agent || isStale || known.address !== addressOf(agent, streamId)) this.drop(streamId, known);
      else if (known.socket?.readyState === WebSocket.OPEN) known.socket.ping();
    }
    for (const [streamId, agent] of wanted) if (!this.sockets.has(streamId)) this.open(streamId, agent, take);
  }

  onModuleDestroy(): void {
    for (const [streamId, known] of this.sockets) this.drop(streamId, known);
  }

  private open(streamId: string, agent: AgentAddress, take: (streamId: string, message: StreamMessage) => void): void {
    const address = addressOf(agent, streamId);
    const known: AgentSocket = { socket: undefined, address, isWanted: true, heardAtMs: performance.now() };
    this.sockets.set(streamId, known);
    const forget = (reason: string) => {
      if (!known.isWanted) return;
      this.logger.debug('an agent is not listened to', { streamId, reason });
      this.drop(streamId, known);
    };
    const hear = () => (known.heardAtMs = performance.now());
    this.checkAddress(agent).then(
      (allowed) => {
        if (!known.isWanted) return;
        const socket = (known.socket = new WebSocket(address, optionsFor(allowed)));
        socket.on('pong', hear);
        socket.on('message', (data: Buffer, isBinary) => {
          hear();
          const message = isBinary ? undefined : StreamMessage.safeParse(jsonOrUndefined(data)).data;
          if (message && known.isWanted) take(streamId, message);
        });
        socket.on('error', (error) => forget(error.message));
        socket.on('close', (code) => forget(`closed with ${code}`));
      },
      (thrown: unknown) => forget(toAppError(thrown).message),
    );
  }

  /** @throws AppError `invalid_argument`, `permission_denied` for an address that nothing is connected to */
  private async checkAddress(agent: AgentAddress): Promise<LookupAddress> {
    const { host, port } = parseRemoteUrl(`http://${hostInUrl(agent.host)}:${agent.port}/`);
    const found = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host, family: isIP(host) }];
    const allowed = this.policy.allowsPort(port) ? found.find((one) => this.policy.allowsAddress(one.address, port)) : undefined;
    if (!allowed) throw new AppError('permission_denied', 'its address is none that is connected to');
    return allowed;
  }

  private drop(streamId: string, known: AgentSocket): void {
    known.isWanted = false;
    this.sockets.delete(streamId);
    known.socket?.terminate();
  }
}

function optionsFor(allowed: LookupAddress): ClientOptions & Pick<RequestOptions, 'lookup'> {
  return {
    handshakeTimeout: handshakeTimeoutMs,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    followRedirects: false,
    // The name is not asked for again: it may lead elsewhere by then.
    lookup: (_name, _options, done) => done(null, [allowed]),
  };
}

function addressOf({ apiVersion, host, port }: AgentAddress, streamId: string): string {
  return `ws://${hostInUrl(host)}:${port}/${apiVersion}/ws?stream_id=${streamId}`;
}

function hostInUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
