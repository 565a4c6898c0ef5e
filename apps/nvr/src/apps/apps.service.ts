import { Inject, Injectable } from '@nestjs/common';
import { CheckedFetch, parseNetwork, type Network } from '@nightjar/outbound';
import { AppError, jsonOrUndefined, toAppError } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction } from '../audit/audit-log.js';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { AppAddressPolicy, readAppUrl } from './app-url.js';
import { AppsStore, type AppManifest, type RegisteredApp } from './apps.store.js';

/** Questions to apps at a time. Full: 503. */
const exchangesMax = 16;
const askTimeoutMs = 5_000;
const actTimeoutMs = 30_000;
const answerBytesMax = 1024 * 1024;
const privateNetworks = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7']
  .map((text) => parseNetwork(text))
  .filter((network): network is Network => network !== undefined);

/** What became of one question to an app. */
type AppAnswer = { status: number; body: unknown } | { error: string };

/** Apps of others that run beside the NVR: who they are, how they are configured, how they do. */
@Injectable()
export class AppsService {
  private readonly client: CheckedFetch;

  constructor(
    private readonly store: AppsStore,
    private readonly audit: AuditLog,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    const policy = new AppAddressPolicy({ networks: privateNetworks, ownPorts: new Set(config.ownPorts) });
    this.client = new CheckedFetch({ policy, exchangesMax });
  }

  list(): Promise<RegisteredApp[]> {
    return this.store.list();
  }

  /** @throws AppError `not_found` */
  async find(id: string): Promise<RegisteredApp> {
    const app = await this.store.find(id);
    if (!app) throw new AppError('not_found', 'App not found');
    return app;
  }

  /** @throws AppError `invalid_argument` for an address outside of this installation, `conflict` for too many apps */
  register(url: string, manifest: AppManifest, actor: Actor): Promise<RegisteredApp> {
    const near = readAppUrl(url);
    if (near === undefined)
      throw new AppError('invalid_argument', 'url must be loopback, in a private network, or a host name of one label');
    return this.store.register(near, manifest, this.entry(actor, 'app.registered', manifest.id));
  }

  /** @throws AppError `not_found` */
  async change(id: string, change: { config?: Record<string, unknown>; enabled?: boolean }, actor: Actor): Promise<RegisteredApp> {
    const app = await this.store.change(id, change, this.entry(actor, 'app.changed', id));
    if (!app) throw new AppError('not_found', 'App not found');
    return app;
  }

  /** Asks the app itself; one that does not answer is told of, and no error of ours. @throws AppError `not_found` */
  async status(id: string): Promise<{ health: AppAnswer; state: AppAnswer }> {
    const { url } = await this.find(id);
    const [health, state] = await Promise.all([this.ask(`${url}/health`), this.ask(`${url}/state`)]);
    return { health, state };
  }

  /** @throws AppError `not_found` for an app or an action that is not in its manifest, `conflict` while it is off */
  async act(id: string, action: string, parameters: Record<string, unknown>, actor: Actor): Promise<AppAnswer> {
    const { enabled, manifest, url } = await this.find(id);
    if (!actionsOf(manifest).includes(action)) throw new AppError('not_found', 'Action not found');
    if (!enabled) throw new AppError('conflict', 'the app is switched off');
    await this.audit.record(actor, { action: 'app.changed', entityType: 'app', entityId: id, details: { action } });
    return this.post(`${url}/actions/${encodeURIComponent(action)}`, parameters);
  }

  private async ask(url: string): Promise<AppAnswer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      const { status } = await this.client.stream(url, {
        headers: { accept: 'application/json' },
        timeoutMs: askTimeoutMs,
        accept: () => undefined,
        write: async (chunk) => {
          bytes += chunk.length;
          if (bytes > answerBytesMax) throw new AppError('payload_too_large', 'the answer is too large');
          chunks.push(Buffer.from(chunk));
        },
      });
      return { status, body: jsonOrUndefined(Buffer.concat(chunks)) ?? null };
    } catch (error) {
      return { error: toAppError(error).message };
    }
  }

  private async post(url: string, parameters: Record<string, unknown>): Promise<AppAnswer> {
    const { internalApiKey } = this.config;
    try {
      const answer = await this.client.post(url, {
        headers: { 'content-type': 'application/json', ...(internalApiKey !== undefined && { 'x-internal-api-key': internalApiKey }) },
        body: Buffer.from(JSON.stringify(parameters)),
        keepBytes: answerBytesMax,
        timeoutMs: actTimeoutMs,
      });
      return { status: answer.status, body: jsonOrUndefined(answer.body) ?? null };
    } catch (error) {
      return { error: toAppError(error).message };
    }
  }

  private entry(actor: Actor, action: AuditAction, id: string) {
    return this.audit.entryOf(actor, { action, entityType: 'app', entityId: id });
  }
}

/** Names of a manifest's actions; what an app writes otherwise is none. */
function actionsOf({ actions }: AppManifest): string[] {
  if (!Array.isArray(actions)) return [];
  return actions.map((action: unknown) => (action as { name?: unknown } | null)?.name).filter((name) => typeof name === 'string');
}
