import { Inject, Injectable } from '@nestjs/common';
import { Prisma, type NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';
import type { RuleSchedule } from './rule-schedule.js';

/** A sealed secret opens for its own rule only. */
export const ruleSecretPurpose = (ruleId: number) => `event_rule.${ruleId}.secret`;

/** Every event is held against them. */
const rulesOfOwnerMax = 100;

/** What somebody says of a rule. */
export interface RuleFields {
  name: string;
  enabled: boolean;
  cameraIds: number[];
  labels: string[];
  eventTypes: string[];
  minScore: number | null;
  schedule: RuleSchedule | null;
  cooldownSeconds: number;
  tellsEnd: boolean;
  url: string;
}

/** A rule as its owner may see it. */
export interface Rule extends RuleFields {
  id: number;
  ownerId: number;
  isSigned: boolean;
  createdAt: Date;
  updatedAt: Date;
}

/** Makes the column of a secret for a rule whose id is known by then. */
type SealSecret = (ruleId: number) => Uint8Array<ArrayBuffer>;

type RuleRow = Prisma.EventRuleGetPayload<object>;

/** Rows of rules. `ownerId` undefined: of all owners. */
@Injectable()
export class RulesStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async list(ownerId: number | undefined): Promise<Rule[]> {
    const rows = await this.database.eventRule.findMany({ where: ownedBy(ownerId), orderBy: { id: 'asc' } });
    return rows.map(ruleOf);
  }

  async find(id: number, ownerId: number | undefined): Promise<Rule | undefined> {
    const row = await this.database.eventRule.findFirst({ where: { id, ...ownedBy(ownerId) } });
    return row ? ruleOf(row) : undefined;
  }

  /** @throws AppError `conflict` when the owner has too many */
  create(ownerId: number, fields: RuleFields, options: { seal: SealSecret | undefined; writeEntry: WriteEntry }): Promise<Rule> {
    const { seal, writeEntry } = options;
    return this.database.$transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT id FROM nvr."user" WHERE id = ${ownerId} FOR UPDATE`;
      if ((await transaction.eventRule.count({ where: { ownerId } })) >= rulesOfOwnerMax)
        throw new AppError('conflict', `nobody has more than ${rulesOfOwnerMax} rules`);
      const row = await transaction.eventRule.create({ data: { ...columnsOf(fields), ownerId } });
      await writeEntry(transaction, row.id);
      if (!seal) return ruleOf(row);
      return ruleOf(await transaction.eventRule.update({ where: { id: row.id }, data: { sealedSecret: seal(row.id) } }));
    });
  }

  /** `sealedSecret` undefined: as it is. @returns undefined when the rule is gone */
  update(
    id: number,
    fields: RuleFields,
    options: { sealedSecret: Uint8Array<ArrayBuffer> | null | undefined; writeEntry: WriteEntry },
  ): Promise<Rule | undefined> {
    const { sealedSecret, writeEntry } = options;
    const data = { ...columnsOf(fields), ...(sealedSecret !== undefined && { sealedSecret }) };
    return this.database.$transaction(async (transaction) => {
      const [row] = await transaction.eventRule.updateManyAndReturn({ where: { id }, data });
      if (row) await writeEntry(transaction, id);
      return row && ruleOf(row);
    });
  }

  /** What waits to be sent goes with it. */
  async remove(id: number, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.eventRule.deleteMany({ where: { id } });
      if (count > 0) await writeEntry(transaction, id);
    });
  }
}

const ownedBy = (ownerId: number | undefined) => (ownerId === undefined ? {} : { ownerId });

function columnsOf({ schedule, ...fields }: RuleFields) {
  return { ...fields, schedule: schedule === null ? Prisma.DbNull : (schedule as unknown as Prisma.InputJsonValue) };
}

function ruleOf({ schedule, sealedSecret, ...row }: RuleRow): Rule {
  return { ...row, schedule: schedule as unknown as RuleSchedule | null, isSigned: sealedSecret !== null };
}
