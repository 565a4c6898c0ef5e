import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';

/** A key as the database holds it, without its digest: nobody but `ApiKeys` reads that. */
export interface KeyRow {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  allCameras: boolean;
  cameraIds: number[];
  createdAt: Date;
  expiresAt: Date | null;
  revokedAt: Date | null;
  lastUsedAt: Date | null;
}

interface NewKey {
  id: string;
  tenantId: number;
  name: string;
  prefix: string;
  sha256: Uint8Array<ArrayBuffer>;
  scopes: string[];
  allCameras: boolean;
  cameraIds: number[];
  expiresAt: Date | null;
}

const seen = {
  id: true,
  name: true,
  prefix: true,
  scopes: true,
  allCameras: true,
  cameraIds: true,
  createdAt: true,
  expiresAt: true,
  revokedAt: true,
  lastUsedAt: true,
} as const;

/** A bound against scripts that make keys and never remove one. Two requests at once may pass it by one. */
const validKeysMax = 1_000;

/** Rows of keys, always those of one tenant. */
@Injectable()
export class KeysStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Newest first. */
  list(tenantId: number, page: { skip: number; limit: number }): Promise<KeyRow[]> {
    const orderBy = [{ createdAt: 'desc' }, { id: 'desc' }] as const;
    return this.database.integrationKey.findMany({
      where: { tenantId },
      select: seen,
      orderBy: [...orderBy],
      skip: page.skip,
      take: page.limit,
    });
  }

  /** @throws AppError `not_found` for a camera that is not there, `conflict` when there are too many keys */
  create(key: NewKey, writeEntry: WriteEntry): Promise<KeyRow> {
    return this.database.$transaction(async (transaction) => {
      const found = await transaction.camera.count({ where: { id: { in: key.cameraIds }, deletedAt: null } });
      if (found !== key.cameraIds.length) throw new AppError('not_found', 'Camera not found');
      const valid = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
      if ((await transaction.integrationKey.count({ where: { tenantId: key.tenantId, ...valid } })) >= validKeysMax)
        throw new AppError('conflict', `there are ${validKeysMax} valid keys already: revoke one first`);
      const created = await transaction.integrationKey.create({ data: key, select: seen });
      await writeEntry(transaction);
      return created;
    });
  }

  /** The moment of the first revocation stays. @throws AppError `not_found` */
  async revoke(tenantId: number, id: string, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      if ((await transaction.integrationKey.count({ where: { id, tenantId } })) === 0) throw new AppError('not_found', 'Key not found');
      const { count } = await transaction.integrationKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date() } });
      if (count > 0) await writeEntry(transaction);
    });
  }
}
