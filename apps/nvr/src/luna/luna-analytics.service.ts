import { Inject, Injectable } from '@nestjs/common';
import type { AnalyticOffer } from '@nightjar/contracts';
import { isUniqueViolation, type NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { randomUUID } from 'node:crypto';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction, type WriteEntry } from '../audit/audit-log.js';
import type { ApiConfig } from '../config.js';
import { CONFIG, DATABASE } from '../process-parts.js';
import { requireFits, requireSchema } from './analytic-schema.js';
import { CallbackAddresses } from './callback-addresses.js';
import { managerError } from './manager-errors.js';
import type { NewAnalytic, RequestedAnalytic } from './stream-request.js';

type Row = Awaited<ReturnType<NvrDatabase['lunaAnalytic']['findUniqueOrThrow']>>;

/** An analytic of a stream as its row holds it. */
export interface ChosenAnalytic {
  analytic_id: string;
  analytic_name: string;
  parameters: Record<string, unknown>;
}

/** What agents can run, as they said themselves. Parameters are held to an analytic's schema before an agent sees them. */
@Injectable()
export class LunaAnalyticsService {
  private readonly callbackAddresses;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CONFIG) { webhooks }: Pick<ApiConfig, 'webhooks'>,
    private readonly audit: AuditLog,
  ) {
    this.callbackAddresses = new CallbackAddresses(webhooks);
  }

  /** Ours are seen by everybody, others' by their own account. */
  list(accountId: string): Promise<Row[]> {
    return this.database.lunaAnalytic.findMany({ where: visibleTo(accountId), orderBy: { name: 'asc' } });
  }

  /** @throws AppError `not_found` */
  async find(accountId: string, id: string): Promise<Row> {
    const row = await this.database.lunaAnalytic.findFirst({ where: { ...visibleTo(accountId), id } });
    if (!row) throw managerError('analyticNotFound', `Analytic ${id}`);
    return row;
  }

  /** Names are unique over all accounts. @throws AppError `conflict`, `invalid_argument` for a schema that is none */
  async create(accountId: string, analytic: NewAnalytic, by: Actor): Promise<Row> {
    requireSchema(analytic.validation_schema);
    const data = { ...rowOf(analytic), id: randomUUID(), accountId };
    try {
      return await this.database.$transaction(async (transaction) => {
        const row = await transaction.lunaAnalytic.create({ data });
        await this.entryOf('analytic.registered', row, by)(transaction);
        return row;
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw managerError('analyticNameTaken', `Analytic with name ${analytic.analytic_name} already exists`);
      throw error;
    }
  }

  /** @throws AppError `not_found`, also for ours, `conflict` for an older version than is there */
  async replace(accountId: string, id: string, analytic: NewAnalytic, by: Actor): Promise<Row> {
    requireSchema(analytic.validation_schema);
    const known = await this.findOwn(accountId, id);
    if (isOlder(analytic.version, known.version)) throw managerError('versionTooLow', `Analytic ${id} has version ${known.version}`);
    return this.database.$transaction(async (transaction) => {
      const row = await transaction.lunaAnalytic.update({ where: { id }, data: rowOf({ ...analytic, analytic_name: known.name }) });
      await this.entryOf('analytic.registered', row, by)(transaction);
      return row;
    });
  }

  /** @throws AppError `not_found`, also for ours, `conflict` while a stream names it */
  async remove(accountId: string, id: string, by: Actor): Promise<void> {
    const known = await this.findOwn(accountId, id);
    await this.database.$transaction(async (transaction) => {
      // Who holds the row (`FOR KEY SHARE`) to name it in a stream is waited for; who comes later does not find it any more.
      await transaction.$executeRaw`SELECT FROM nvr.luna_analytic WHERE id = ${id}::uuid FOR UPDATE`;
      // What is left of a camera that was removed is nobody's stream.
      const [used] = await transaction.$queryRaw<[{ streams: number }]>`
        SELECT count(*)::int AS streams FROM nvr.luna_stream s LEFT JOIN nvr.camera c ON c.id = s.camera_id
        WHERE c.deleted_at IS NULL AND s.analytics @> ${JSON.stringify([{ analytic_id: id }])}::jsonb`;
      if (used.streams > 0) throw new AppError('conflict', `Analytic ${id} is in use; streams that name it: ${used.streams}`);
      const { count } = await transaction.lunaAnalytic.deleteMany({ where: { id } });
      // Two may remove it at once.
      if (count > 0) await this.entryOf('analytic.removed', known, by)(transaction);
    });
  }

  /** What an agent of ours offers. The newest version counts; a foreign analytic that took the name before keeps it. */
  async takeOffers(offers: readonly AnalyticOffer[]): Promise<void> {
    for (const offer of offers) {
      const known = await this.database.lunaAnalytic.findUnique({ where: { name: offer.analytic_name } });
      if (known && (known.accountId !== null || isOlder(offer.version, known.version))) continue;
      const data = rowOf(offer);
      await this.database.lunaAnalytic.upsert({
        where: { name: offer.analytic_name },
        create: { ...data, id: randomUUID() },
        update: data,
      });
    }
  }

  /**
   * @throws AppError `not_found` for an analytic that there is not, `invalid_argument` for parameters that its schema refuses, and for a
   * callback that can never be called
   */
  async choose(accountId: string, requested: readonly RequestedAnalytic[]): Promise<ChosenAnalytic[]> {
    const known = await this.list(accountId);
    const chosen = requested.map(({ analytic_id, analytic_name, parameters }) => {
      const found = known.find(({ id, name }) => (analytic_id === undefined ? name === analytic_name : id === analytic_id));
      if (!found) throw managerError('analyticNotFound', `Analytic ${analytic_id ?? analytic_name ?? ''}`);
      return { id: found.id, name: found.name, schema: found.validationSchema as object, parameters };
    });
    requireFits(chosen);
    const problems = await Promise.all(chosen.map(({ parameters }) => this.callbackAddresses.problemIn(parameters)));
    const at = problems.findIndex((problem) => problem !== undefined);
    if (at >= 0) throw managerError('parametersInvalid', `parameters of ${chosen[at]!.name}: ${problems[at]}`);
    return chosen.map(({ id, name, parameters }) => ({ analytic_id: id, analytic_name: name, parameters }));
  }

  private entryOf(action: AuditAction, { id, name, version }: Row, by: Actor): WriteEntry {
    return this.audit.entryOf(by, { action, entityType: 'analytic', entityId: id, details: { name, version } });
  }

  private async findOwn(accountId: string, id: string): Promise<Row> {
    const row = await this.find(accountId, id);
    if (row.accountId !== accountId) throw managerError('analyticNotFound', `Analytic ${id}`);
    return row;
  }
}

function visibleTo(accountId: string) {
  return { OR: [{ accountId: null }, { accountId }] };
}

function rowOf(analytic: NewAnalytic | AnalyticOffer) {
  return {
    name: analytic.analytic_name,
    description: analytic.description,
    documentation: analytic.documentation,
    version: analytic.version,
    parameters: analytic.parameters as object,
    validationSchema: analytic.validation_schema as object,
  };
}

/** Whether a version like 1.2.3 is lower than another; missing parts are 0. */
function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  for (let part = 0; part < 3; part++) {
    const [left, right] = [a![part] ?? 0, b![part] ?? 0];
    if (left !== right) return left < right;
  }
  return false;
}
