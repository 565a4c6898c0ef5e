import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { generateApiKey, hashApiKey, shownPrefix } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import { z } from 'zod';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { invalidField } from '../http/parse-input.js';
import { CLOCK } from '../process-parts.js';
import { ApiKeys } from './api-keys.js';
import { keyView, type KeyView } from './key-view.js';
import { KeysStore } from './keys.store.js';

/** What an admin says of a new key. */
interface KeyRequest {
  name: string;
  scopes: string[];
  cameraIds: number[] | 'all';
  expiresAt: Date | null;
}

/** A new key, the only time that it is seen whole. */
export type CreatedKey = KeyView & { key: string };

/** Makes, shows and revokes the keys by which other programs read what is here. */
@Injectable()
export class KeysService {
  constructor(
    private readonly store: KeysStore,
    private readonly keys: ApiKeys,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(admin: Actor, page: { skip: number; limit: number }): Promise<KeyView[]> {
    const rows = await this.store.list(admin.tenantId, page);
    return rows.map((row) => keyView(row, this.clock.wallMs()));
  }

  /** @throws AppError `unprocessable` for a day in the past, `not_found` for a camera that is not there, `conflict` for too many keys */
  async create(admin: Actor, { name, scopes, cameraIds, expiresAt }: KeyRequest): Promise<CreatedKey> {
    if (expiresAt && expiresAt.getTime() <= this.clock.wallMs()) throw invalidField('body', 'expires_at', 'must be in the future');
    const key = generateApiKey();
    const id = randomUUID();
    const row = await this.store.create(
      {
        id,
        tenantId: admin.tenantId,
        name,
        prefix: shownPrefix(key),
        sha256: Uint8Array.from(hashApiKey(key)),
        scopes,
        allCameras: cameraIds === 'all',
        cameraIds: cameraIds === 'all' ? [] : cameraIds,
        expiresAt,
      },
      this.audit.entryOf(admin, {
        action: 'api_key.created',
        entityType: 'api_key',
        entityId: id,
        details: { name, scopes, camera_ids: cameraIds },
      }),
    );
    return { ...keyView(row, this.clock.wallMs()), key };
  }

  /** Holds at once here and within 5 s everywhere. Once more changes nothing. @throws AppError `not_found` */
  async revoke(admin: Actor, id: string): Promise<void> {
    if (!z.uuid().safeParse(id).success) throw new AppError('not_found', 'Key not found');
    const writeEntry = this.audit.entryOf(admin, { action: 'api_key.revoked', entityType: 'api_key', entityId: id });
    await this.store.revoke(admin.tenantId, id, writeEntry);
    this.keys.forget(id);
  }
}
