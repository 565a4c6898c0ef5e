import { Inject, Injectable } from '@nestjs/common';
import { Prisma, type NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';

export const messageStates = ['pending', 'delivered', 'exhausted', 'cancelled'] as const;
type MessageState = (typeof messageStates)[number];

type WithPlainState<Row> = Omit<Row, 'state'> & { state: MessageState };
type MessageRow = WithPlainState<Prisma.RuleMessageGetPayload<object>>;
type MessageWithLog = WithPlainState<Prisma.RuleMessageGetPayload<{ include: { attempts: true } }>>;

/** Which messages somebody reads: of one rule, and of the cameras that he may see now; undefined: of all. */
export interface MessageScope {
  ruleId: number;
  cameraIds: readonly number[] | undefined;
}

/** Messages of a rule as its owner reads them; sending has statements of its own. */
@Injectable()
export class MessagesStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Newest first. `beforeId`: behind that message; nothing when it is not there any more. */
  async list(query: {
    scope: MessageScope;
    state: MessageState | undefined;
    beforeId: string | undefined;
    limit: number;
  }): Promise<MessageRow[]> {
    const { beforeId, limit, scope, state } = query;
    const { ruleId } = scope;
    const behind = beforeId === undefined ? undefined : await this.database.ruleMessage.findFirst({ where: { id: beforeId, ruleId } });
    if (behind === null) return [];
    return this.database.ruleMessage.findMany({
      where: {
        ...within(scope),
        ...(state && { state }),
        ...(behind && { createdAt: { lte: behind.createdAt }, NOT: { createdAt: behind.createdAt, id: { gte: behind.id } } }),
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit,
    });
  }

  find(id: string, scope: MessageScope): Promise<MessageWithLog | null> {
    return this.database.ruleMessage.findFirst({ where: { id, ...within(scope) }, include: { attempts: { orderBy: { attempt: 'asc' } } } });
  }

  /** Asks for an attempt beside the schedule, now. @returns false for a message that is not there */
  async askAgain(id: string, { cameraIds, ruleId }: MessageScope): Promise<boolean> {
    const ofCameras = cameraIds ? Prisma.sql`AND camera_id = ANY(${[...cameraIds]}::int[])` : Prisma.empty;
    const changed = await this.database.$executeRaw`
      UPDATE nvr.rule_message SET redeliver_at = coalesce(redeliver_at, now()) WHERE id = ${id} AND rule_id = ${ruleId}::int ${ofCameras}`;
    return changed > 0;
  }

  /** Removes what came to its end that long ago. @returns how many, at most `limit` */
  removeOlder(before: Date, limit: number): Promise<number> {
    return this.database.$executeRaw`
      DELETE FROM nvr.rule_message WHERE id IN (
        SELECT id FROM nvr.rule_message WHERE created_at < ${before}::timestamptz AND state <> 'pending' AND redeliver_at IS NULL
        ORDER BY created_at LIMIT ${limit}::int)`;
  }
}

const within = ({ cameraIds, ruleId }: MessageScope) => ({ ruleId, ...(cameraIds && { cameraId: { in: [...cameraIds] } }) });
