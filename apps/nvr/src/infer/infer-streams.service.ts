import { isIP, type LookupFunction } from 'node:net';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { parseRemoteUrl } from '@nightjar/outbound';
import { AppError } from '@nightjar/runtime';
import { WebSocket, type ClientOptions } from 'ws';
import type { ApiConfig } from '../config.js';
import { internalService } from '../internal/internal-key.js';
import { CONFIG } from '../process-parts.js';
import type { InferAdapter } from './adapter-directory.js';
import { AdapterPolicy } from './adapter-policy.js';
import { InferService } from './infer.service.js';
import { StreamBridge } from './stream-bridge.js';

/** A frame has 8 MiB by the contract; adapters say so themselves up to here. */
export const streamMessageBytesMax = 16 * 1024 * 1024;
const answerBytesMax = 4 * 1024 * 1024;
/** Streams of this process at a time, and of one user or key. Full: 503. */
const streamsMax = 64;
const streamsOfOneMax = 8;
const connectTimeoutMs = 5_000;
/** How long a right that was taken away goes on, beside what sessions are remembered. */
const beatMs = 5_000;

/** Who opened a stream, where to. */
interface StreamCall {
  readonly adapter: InferAdapter;
  readonly query: Readonly<Record<string, unknown>>;
  readonly correlationId: string;
  readonly principal: Principal;
  /** Asks again who it is, and whether he may. @throws AppError */
  readonly reauthenticate: () => Promise<Principal>;
}

/** Streams of frames that go through the NVR to adapters. */
@Injectable()
export class InferStreams implements OnModuleDestroy {
  private readonly policy = new AdapterPolicy();
  private readonly bridges = new Map<StreamBridge, string>();
  private readonly beating = setInterval(() => {
    for (const bridge of this.bridges.keys()) void bridge.beat();
  }, beatMs);

  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly infer: InferService,
  ) {}

  /** @throws AppError `overloaded` */
  requireRoom(principal: Principal): void {
    const caller = callerOf(principal);
    const ofCaller = [...this.bridges.values()].filter((one) => one === caller).length;
    if (this.bridges.size >= streamsMax || (principal !== internalService && ofCaller >= streamsOfOneMax))
      throw new AppError('overloaded', 'too many streams to adapters are open', { retryAfterMs: 5_000 });
  }

  /** Joins a WebSocket that stands with one to the adapter, until one of the two ends. */
  join(client: WebSocket, call: StreamCall): void {
    const { principal, reauthenticate } = call;
    const bridge = new StreamBridge({
      client,
      adapter: this.connect(call),
      ...(principal !== internalService && {
        requireCamera: async (camera: string) => void (await this.infer.findCamera(await reauthenticate(), camera)),
      }),
      revalidate: async () => void (await reauthenticate()),
    });
    this.bridges.set(bridge, callerOf(principal));
    client.once('close', () => this.bridges.delete(bridge));
  }

  onModuleDestroy(): void {
    clearInterval(this.beating);
    for (const bridge of this.bridges.keys()) bridge.end('over');
  }

  /** @returns undefined where no adapter may be */
  private connect({ adapter, query, correlationId }: StreamCall): WebSocket | undefined {
    const { host, port } = parseRemoteUrl(adapter.url);
    if (!this.policy.allowsPort(port) || (isIP(host) !== 0 && !this.policy.allowsAddress(host, port))) return undefined;
    // The package's types do not know what it hands on to Node.
    const options: ClientOptions & { lookup: LookupFunction } = {
      headers: { ...this.config.infer.headers, 'x-correlation-id': correlationId },
      handshakeTimeout: connectTimeoutMs,
      maxPayload: answerBytesMax,
      perMessageDeflate: false,
      followRedirects: false,
      lookup: this.policy.lookupFor(port),
    };
    return new WebSocket(`${adapter.url.replace(/^http/, 'ws')}/infer/stream${queryOf(adapter, query)}`, options);
  }
}

/** Parameters that are texts; with the task of ours where none is named. */
function queryOf({ ownTask }: InferAdapter, query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const parameters = new URLSearchParams(given);
  if (ownTask != null && !parameters.has('task')) parameters.set('task', ownTask);
  return parameters.size > 0 ? `?${parameters}` : '';
}

function callerOf(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
      return `user ${principal.userId}`;
    case 'api_key':
      return `key ${principal.keyId}`;
    case 'service':
      return 'service';
  }
}
