import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase, Prisma } from '@nightjar/database';
import { endAbandonedEvents } from '../events/events.store.js';
import { lockClaims } from '../luna/luna-streams.store.js';
import { DATABASE } from '../process-parts.js';
import type { SharedStream } from './share-streams.js';

interface ClaimableStream extends SharedStream {
  /** Null: it is no camera of ours. */
  cameraId: number | null;
  lastHeldBy: string | null;
  watchedUntil: Date;
}

/** A stream that an agent got: a camera, or one of the Luna surface, or a camera that was looked at there. */
export interface ClaimedStream {
  streamId: string;
  cameraId: number | null;
  luna: {
    version: number;
    accountId: string;
    name: string;
    location: Prisma.JsonValue;
    data: Prisma.JsonValue;
    analytics: Prisma.JsonValue;
    encryptedReference: Uint8Array | null;
  } | null;
}

/** Leases of streams, timed by the database's clock: of cameras in their rows, of others in those of the Luna surface. */
@Injectable()
export class StreamsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /**
   * Gives an agent the streams that `decide` chooses, for `leaseMs`, and takes all others away from it. What the former agent of
   * a camera left open is ended.
   */
  claim(options: { agentId: string; leaseMs: number; decide: (streams: SharedStream[]) => string[] }): Promise<ClaimedStream[]> {
    const { agentId, decide, leaseMs } = options;
    return this.database.$transaction(async (transaction) => {
      await lockClaims(transaction);
      const streams = await listClaimable(transaction);
      const streamIds = new Set(decide(streams));
      const chosen = streams.filter(({ streamId }) => streamIds.has(streamId));
      const taken = chosen.flatMap(({ cameraId, lastHeldBy, watchedUntil }) =>
        cameraId === null || lastHeldBy === agentId ? [] : [{ cameraId, lastHeldBy, watchedUntil }],
      );
      await endAbandonedEvents(transaction, taken);
      await lease(transaction, { agentId, leaseMs, ids: [...streamIds] });
      const rows = await transaction.lunaStream.findMany({ where: { id: { in: [...streamIds] } } });
      return chosen.map(({ streamId, cameraId }) => ({ streamId, cameraId, luna: rows.find(({ id }) => id === streamId) ?? null }));
    });
  }

  /**
   * Takes all streams from an agent that stops, or begins: then a former process of its name may have left some, its lease may be over,
   * and what it left open is ended by the next claim, as of the moment until which it may have seen anything.
   * @returns how many streams the agent had
   */
  async release(agentId: string): Promise<number> {
    const [cameras, others] = await Promise.all([
      this.database.$executeRaw`
        UPDATE nvr.camera SET analysed_by = NULL, analysed_until = least(analysed_until, now()) WHERE analysed_by = ${agentId}`,
      this.database.$executeRaw`
        UPDATE nvr.luna_stream SET held_by = NULL, held_until = NULL, status = CASE WHEN status = 'in_progress' THEN 'pending' ELSE status END
        WHERE held_by = ${agentId}`,
    ]);
    return cameras + others;
  }
}

/** Streams that want to be analysed: a camera also when one of its analytics failed, since its persons are still told of. Of those that are no cameras only what our agents can: the others wait for agents of others. */
function listClaimable(transaction: Prisma.TransactionClient): Promise<ClaimableStream[]> {
  return transaction.$queryRaw`
    SELECT c.uuid::text AS "streamId", c.id AS "cameraId", CASE WHEN c.analysed_until > now() THEN c.analysed_by END AS "heldBy",
      c.analysed_by AS "lastHeldBy", coalesce(c.analysed_until, now()) AS "watchedUntil", c.created_at AS since
    FROM nvr.camera c WHERE c.deleted_at IS NULL AND c.is_active AND c.analytics_enabled
    UNION ALL
    SELECT s.id::text, NULL, CASE WHEN s.held_until > now() THEN s.held_by END, s.held_by, coalesce(s.held_until, now()), s.created_at
    FROM nvr.luna_stream s
    WHERE s.camera_id IS NULL AND s.status IN ('pending', 'in_progress') AND NOT EXISTS (
      SELECT FROM jsonb_array_elements(s.analytics) AS asked
      WHERE asked ->> 'analytic_name' NOT IN (SELECT name FROM nvr.luna_analytic WHERE account_id IS NULL))
    ORDER BY since, "streamId"`;
}

async function lease(
  transaction: Prisma.TransactionClient,
  { agentId, ids, leaseMs }: { agentId: string; ids: readonly string[]; leaseMs: number },
): Promise<void> {
  const seconds = leaseMs / 1_000;
  await transaction.$executeRaw`
    UPDATE nvr.camera SET analysed_by = ${agentId}, analysed_until = now() + make_interval(secs => ${seconds}) WHERE uuid = ANY(${ids}::uuid[])`;
  await transaction.$executeRaw`
    UPDATE nvr.camera SET analysed_by = NULL, analysed_until = NULL WHERE analysed_by = ${agentId} AND NOT uuid = ANY(${ids}::uuid[])`;
  await transaction.$executeRaw`
    UPDATE nvr.luna_stream SET held_by = ${agentId}, held_until = now() + make_interval(secs => ${seconds})
    WHERE camera_id IS NULL AND id = ANY(${ids}::uuid[])`;
  await transaction.$executeRaw`
    UPDATE nvr.luna_stream SET held_by = NULL, held_until = NULL WHERE held_by = ${agentId} AND NOT id = ANY(${ids}::uuid[])`;
}
