import { Inject, Injectable } from '@nestjs/common';
import type { VideoInfo } from '@nightjar/contracts';
import type { NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';
import { writeLog } from './luna-streams.store.js';
import type { LunaStatus } from './stream-request.js';

/** What an agent tells of a stream. An older version than the stream's counts for nothing. */
interface ToldStream {
  streamId: string;
  version: number;
  status: 'in_progress' | 'done' | 'failure';
  error: string | null;
  /** Undefined: it does not say. */
  video?: VideoInfo | undefined;
}

/** A stream that works this long has recovered: its restarts are counted anew. */
const recoveredMs = 60_000;
/** Where an agent's word counts: what a user stopped stays stopped. */
const worked: LunaStatus[] = ['pending', 'in_progress'];

/** Takes down what agents tell of their streams. */
@Injectable()
export class StreamFeedbackStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /**
   * @param holder only a stream that this one holds
   * @returns whether the agent is to go on with it
   */
  async take(told: ToldStream, holder?: { agentId: string; leaseMs: number }): Promise<boolean> {
    const { status, streamId, version, video } = told;
    const error = told.error === null ? null : plainText(told.error);
    return this.database.$transaction(async (transaction) => {
      const [known] = await transaction.$queryRaw<
        { status: LunaStatus; lastError: string | null; hasRecovered: boolean; leaseEndsAt: Date }[]
      >`
        SELECT status::text AS status, last_error AS "lastError",
          -- By the clock that leases are looked at with.
          now() + ${holder?.leaseMs ?? 0} * interval '1 ms' AS "leaseEndsAt",
          attempts > 0 AND last_attempt_at < now() - ${recoveredMs} * interval '1 ms' AS "hasRecovered"
        FROM nvr.luna_stream WHERE id = ${streamId}::uuid AND version = ${version} AND status = ANY(${worked}::nvr.luna_status[])
          AND (${holder?.agentId ?? null}::text IS NULL OR held_by = ${holder?.agentId ?? null}) FOR UPDATE`;
      if (!known) return false;
      const isOver = status !== 'in_progress';
      await transaction.lunaStream.update({
        where: { id: streamId },
        data: {
          status,
          lastError: error,
          ...(video && { videoInfo: video }),
          ...(known.hasRecovered && !isOver ? { attempts: 0 } : {}),
          ...(isOver ? { heldBy: null, heldUntil: null } : {}),
          ...(holder && !isOver ? { heldUntil: known.leaseEndsAt } : {}),
        },
      });
      if (known.status !== status || known.lastError !== error) await writeLog(transaction, { streamId, version, status, error });
      return !isOver;
    });
  }
}

/** An agent's words are those of the programs that it runs: they go to logs and terminals, and the database takes no NUL. */
function plainText(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').replaceAll(/\p{Cs}/gu, '');
}
