import { type JobsDatabase, orUnavailable } from '@nightjar/database';

export interface AllowlistedRow {
  id: string;
  name: string;
  modelFingerprint: string;
  createdAt: Date;
  /** Sealed. */
  embedding: Uint8Array;
}

interface NewAllowlistedRow {
  id: string;
  tenantId: number;
  name: string;
  modelFingerprint: string;
  embedding: Uint8Array<ArrayBuffer>;
}

/** Rows of the allow-lists. */
export class AllowlistStore {
  constructor(private readonly database: JobsDatabase) {}

  /** Oldest first. */
  findAll(tenantId: number): Promise<AllowlistedRow[]> {
    return orUnavailable(this.database.allowlistedPerson.findMany({ where: { tenantId }, orderBy: { id: 'asc' } }));
  }

  count(tenantId: number): Promise<number> {
    return orUnavailable(this.database.allowlistedPerson.count({ where: { tenantId } }));
  }

  /** @returns undefined when the list holds `personsMax` already: the tenant's row lets one after the other in */
  insert(row: NewAllowlistedRow, personsMax: number): Promise<AllowlistedRow | undefined> {
    const { tenantId } = row;
    return orUnavailable(
      this.database.$transaction(async (transaction) => {
        await transaction.$executeRaw`INSERT INTO jobs.tenant (id) VALUES (${tenantId}) ON CONFLICT DO NOTHING`;
        await transaction.$executeRaw`SELECT FROM jobs.tenant WHERE id = ${tenantId} FOR UPDATE`;
        if ((await transaction.allowlistedPerson.count({ where: { tenantId } })) >= personsMax) return undefined;
        return transaction.allowlistedPerson.create({ data: row });
      }),
    );
  }

  /** @returns false when the tenant has no such person */
  async remove(id: string, tenantId: number): Promise<boolean> {
    const { count } = await orUnavailable(this.database.allowlistedPerson.deleteMany({ where: { id, tenantId } }));
    return count > 0;
  }
}
