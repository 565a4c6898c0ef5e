import { Inject, Injectable } from '@nestjs/common';
import type { AnalyticOffer } from '@nightjar/contracts';
import { isUniqueViolation, type NvrDatabase } from '@nightjar/database';
import { randomUUID } from 'node:crypto';
import { DATABASE } from '../process-parts.js';
import { requireFits, requireSchema } from './analytic-schema.js';
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
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

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
  async create(accountId: string, analytic: NewAnalytic): Promise<Row> {
    requireSchema(analytic.validation_schema);
    try {
      return await this.database.lunaAnalytic.create({ data: { ...rowOf(analytic), id: randomUUID(), accountId } });
    } catch (error) {
      if (isUniqueViolation(error)) throw managerError('analyticNameTaken', `Analytic with name ${analytic.analytic_name} already exists`);
      throw error;
    }
  }

  /** @throws AppError `not_found`, also for ours, `conflict` for an older version than is there */
  async replace(accountId: string, id: string, analytic: NewAnalytic): Promise<Row> {
    requireSchema(analytic.validation_schema);
    const known = await this.findOwn(accountId, id);
    if (isOlder(analytic.version, known.version)) throw managerError('versionTooLow', `Analytic ${id} has version ${known.version}`);
    return this.database.lunaAnalytic.update({ where: { id }, data: rowOf({ ...analytic, analytic_name: known.name }) });
  }

  /** @throws AppError `not_found`, also for ours */
  async remove(accountId: string, id: string): Promise<void> {
    await this.findOwn(accountId, id);
    await this.database.lunaAnalytic.delete({ where: { id } });
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

  /** @throws AppError `not_found` for an analytic that there is not, `invalid_argument` for parameters that its schema refuses */
  async choose(accountId: string, requested: readonly RequestedAnalytic[]): Promise<ChosenAnalytic[]> {
    const known = await this.list(accountId);
    const chosen = requested.map(({ analytic_id, analytic_name, parameters }) => {
      const found = known.find(({ id, name }) => (analytic_id === undefined ? name === analytic_name : id === analytic_id));
      if (!found) throw managerError('analyticNotFound', `Analytic ${analytic_id ?? analytic_name ?? ''}`);
      return { id: found.id, name: found.name, schema: found.validationSchema as object, parameters };
    });
    requireFits(chosen);
    return chosen.map(({ id, name, parameters }) => ({ analytic_id: id, analytic_name: name, parameters }));
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
