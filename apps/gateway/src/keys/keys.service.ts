import { generateApiKey, hashApiKey, shownPrefix, type Principal } from '@nightjar/auth';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import { z } from 'zod';
import { scopes, type ApiKeys } from './api-keys.js';
import { bootstrapName } from './bootstrap-api-key.js';
import { keyView, statusOf, type KeyView } from './key-view.js';
import type { KeyChanges, KeyRow, KeysStore, NewKey } from './keys.store.js';

/** A bound against scripts that make keys and never remove one. Two requests at once may pass it by one. */
const validKeysMax = 1_000;

/** What a caller may say of a new key. */
interface KeyRequest {
  name: string;
  scopes: readonly string[];
  expiresAt: Date | null;
  faceEmbeddings: boolean;
  requestsPerMinute: number | null;
}

/** A new key, the only time that it is seen whole. */
export type CreatedKey = KeyView & { key: string };

/** Makes, shows, changes and ends the keys of the caller's tenant. Keys of other tenants do not exist for it. */
export class KeysService {
  constructor(private readonly options: { store: KeysStore; keys: ApiKeys; clock: Clock; logger: Logger }) {}

  async list(principal: Principal, page: { limit: number; beforeId: string | undefined }): Promise<KeyView[]> {
    const rows = await this.options.store.list(tenantOf(principal), page);
    return rows.map((row) => this.view(row));
  }

  /** @throws AppError `not_found` */
  async show(principal: Principal, id: string): Promise<KeyView> {
    return this.view(await this.find(principal, id));
  }

  /** @throws AppError `permission_denied` for scopes that the caller lacks, `unprocessable`, `conflict` when there are too many */
  async create(principal: Principal, request: KeyRequest): Promise<CreatedKey> {
    const { store, clock } = this.options;
    const tenantId = tenantOf(principal);
    const now = new Date(clock.wallMs());
    refuseForeignScopes(principal, request.scopes);
    refuseReservedName(request.name);
    if (request.expiresAt && request.expiresAt <= now) throw wrongField('expires_at', 'must be in the future');
    if ((await store.countValid(tenantId, now)) >= validKeysMax)
      throw new AppError('conflict', `there are ${validKeysMax} valid keys already: revoke one first`);
    const key = generateApiKey();
    return this.created(principal, key, await store.create({ ...request, tenantId, ...storedOf(key) }));
  }

  /** @throws AppError `not_found`, `conflict` for a key that was revoked, `unprocessable` */
  async change(principal: Principal, id: string, changes: KeyChanges): Promise<KeyView> {
    const { store, keys } = this.options;
    const known = await this.find(principal, id);
    if (changes.name !== undefined && changes.name !== known.name) {
      refuseBootstrapKey(known);
      refuseReservedName(changes.name);
    }
    const changed = await store.change(known.tenantId, id, changes);
    if (!changed) throw new AppError('conflict', 'the key is revoked');
    keys.forget(id);
    return this.view(changed);
  }

  /**
   * A new key with the rights of the old one, which is valid for the overlap still. The new one lives as long as the old one was
   * meant to.
   * @throws AppError `not_found`, `conflict` for a key that is not valid, `permission_denied` for scopes that the caller lacks
   */
  async rotate(principal: Principal, id: string, overlapMs: number): Promise<CreatedKey> {
    const { store, keys, clock } = this.options;
    const old = await this.find(principal, id);
    refuseForeignScopes(principal, old.scopes);
    refuseBootstrapKey(old);
    const nowUnixMs = clock.wallMs();
    const endsAtUnixMs = Math.min(nowUnixMs + overlapMs, old.expiresAt?.getTime() ?? Infinity);
    const key = generateApiKey();
    const created = await store.replace(old, {
      now: new Date(nowUnixMs),
      endsAt: new Date(endsAtUnixMs),
      successor: successorOf(old, key, nowUnixMs),
    });
    if (!created) throw new AppError('conflict', `the key is ${statusOf(old, nowUnixMs)}`);
    keys.forget(id);
    return this.created(principal, key, created);
  }

  /** Holds at once here and within 5 s everywhere. Once more changes nothing. @throws AppError `not_found` */
  async revoke(principal: Principal, id: string): Promise<void> {
    const { store, keys, clock, logger } = this.options;
    const { tenantId } = await this.find(principal, id);
    await store.revoke(tenantId, id, new Date(clock.wallMs()));
    keys.forget(id);
    logger.info('API key revoked', { keyId: id, tenantId, by: nameOf(principal) });
  }

  private async find(principal: Principal, id: string): Promise<KeyRow> {
    const tenantId = tenantOf(principal);
    const row = z.uuid().safeParse(id).success ? await this.options.store.find(tenantId, id) : null;
    if (!row) throw new AppError('not_found', 'no such key');
    return row;
  }

  private created(principal: Principal, key: string, row: KeyRow): CreatedKey {
    const { id: keyId, tenantId, replacesId } = row;
    this.options.logger.info('API key made', { keyId, tenantId, replacesId, by: nameOf(principal) });
    return { ...this.view(row), key };
  }

  private view(row: KeyRow): KeyView {
    return keyView(row, this.options.clock.wallMs());
  }
}

function storedOf(key: string): Pick<NewKey, 'prefix' | 'sha256'> {
  return { prefix: shownPrefix(key), sha256: Uint8Array.from(hashApiKey(key)) };
}

function successorOf(old: KeyRow, key: string, nowUnixMs: number): NewKey {
  const { tenantId, name, scopes: granted, faceEmbeddings, requestsPerMinute } = old;
  const expiresAt = old.expiresAt && new Date(nowUnixMs + old.expiresAt.getTime() - old.createdAt.getTime());
  return { tenantId, name, scopes: granted, faceEmbeddings, requestsPerMinute, expiresAt, ...storedOf(key) };
}

/** Nobody hands out what it has not got, be it by a rotation. */
function refuseForeignScopes(principal: Principal, wanted: readonly string[]): void {
  const lacking = wanted.filter((scope) => !scopesOf(principal).includes(scope));
  if (lacking.length > 0) throw new AppError('permission_denied', `you can't grant ${lacking.join(', ')}`);
}

function scopesOf(principal: Principal): readonly string[] {
  if (principal.kind === 'service') return [];
  if (principal.kind === 'user' && principal.isSuperuser) return Object.values(scopes);
  return principal.scopes ?? [];
}

function tenantOf(principal: Principal): number {
  if (principal.kind === 'service') throw new AppError('permission_denied', 'keys belong to tenants');
  return principal.tenantId;
}

/** The next start would revoke a key of this name that the setting does not fix. */
function refuseReservedName(name: string): void {
  if (name === bootstrapName) throw wrongField('name', 'is reserved for BOOTSTRAP_API_KEY');
}

function refuseBootstrapKey({ name }: KeyRow): void {
  if (name === bootstrapName) throw new AppError('conflict', 'this key is fixed by BOOTSTRAP_API_KEY: change the setting');
}

function wrongField(path: string, message: string): AppError {
  return new AppError('unprocessable', `${path} ${message}`, { details: { issues: [{ path, message }] } });
}

/** For the log. */
function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case 'api_key':
      return `key ${principal.keyId}`;
    case 'user':
      return `user ${principal.userId}`;
    case 'service':
      return principal.name;
  }
}
