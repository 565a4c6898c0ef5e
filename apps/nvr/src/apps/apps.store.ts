import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase, Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';

/** Names and addresses of apps are few; whoever holds the internal key can't fill the database with more. */
const appsMax = 200;
/** Any number that no one else locks. */
const registerLock = 72_707_420n;

/** What an app says of itself; more than this is kept as it is. */
export interface AppManifest extends Record<string, unknown> {
  id: string;
  name: string;
  version: string;
}

/** A registered app. */
export interface RegisteredApp {
  id: string;
  url: string;
  manifest: AppManifest;
  config: Record<string, unknown>;
  enabled: boolean;
  lastSeenAt: Date;
  updatedAt: Date;
}

type AppRow = Prisma.AppGetPayload<object>;

@Injectable()
export class AppsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async list(): Promise<RegisteredApp[]> {
    return (await this.database.app.findMany({ orderBy: { id: 'asc' } })).map(appOf);
  }

  async find(id: string): Promise<RegisteredApp | undefined> {
    const row = await this.database.app.findUnique({ where: { id } });
    return row ? appOf(row) : undefined;
  }

  /** Again: address and manifest are new; switch and configuration stay. @throws AppError `conflict` when there are too many */
  register(url: string, manifest: AppManifest, writeEntry: WriteEntry): Promise<RegisteredApp> {
    const told = { url, manifest: manifest as unknown as Prisma.InputJsonValue, lastSeenAt: new Date() };
    return this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${registerLock})`;
      const known = await transaction.app.findUnique({ where: { id: manifest.id } });
      if (!known && (await transaction.app.count()) >= appsMax) throw new AppError('conflict', `there are ${appsMax} apps already`);
      // Apps register at each start: only what is new goes into the log.
      if (known?.url !== url) await writeEntry(transaction, manifest.id);
      return appOf(await transaction.app.upsert({ where: { id: manifest.id }, create: { id: manifest.id, ...told }, update: told }));
    });
  }

  /** @returns undefined for an app that is not there */
  change(
    id: string,
    change: { config?: Record<string, unknown>; enabled?: boolean },
    writeEntry: WriteEntry,
  ): Promise<RegisteredApp | undefined> {
    const { config, enabled } = change;
    const data = {
      updatedAt: new Date(),
      ...(enabled !== undefined && { enabled }),
      ...(config && { config: config as Prisma.InputJsonValue }),
    };
    return this.database.$transaction(async (transaction) => {
      const [row] = await transaction.app.updateManyAndReturn({ where: { id }, data });
      if (row) await writeEntry(transaction, id);
      return row && appOf(row);
    });
  }
}

function appOf({ config, createdAt: _createdAt, manifest, ...row }: AppRow): RegisteredApp {
  return { ...row, manifest: manifest as unknown as AppManifest, config: config as Record<string, unknown> };
}
