import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { endAbandonedEvents } from '../events/events.store.js';
import { DATABASE } from '../process-parts.js';
import type { SharedStream } from './share-streams.js';

/** Serialises claims, so that a stream never has two owners; any number that no one else locks. */
const claimLock = 72_707_403n;

/** Leases of streams, kept in the camera rows and timed by the database's clock. */
@Injectable()
export class StreamsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /**
   * Gives an agent the streams that `decide` chooses, for `leaseMs`, and takes all others away from it. What the former agent of
   * a stream left open is ended.
   */
  claim(options: { agentId: string; leaseMs: number; decide: (streams: SharedStream[]) => number[] }): Promise<number[]> {
    const { agentId, decide, leaseMs } = options;
    return this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${claimLock})`;
      const streams = await transaction.$queryRaw<(SharedStream & { lastHeldBy: string | null; watchedUntil: Date })[]>`
        SELECT id AS "cameraId", CASE WHEN analysed_until > now() THEN analysed_by END AS "heldBy",
          analysed_by AS "lastHeldBy", coalesce(analysed_until, now()) AS "watchedUntil"
        FROM nvr.camera WHERE deleted_at IS NULL AND is_active AND analytics_enabled ORDER BY id`;
      const cameraIds = decide(streams);
      const taken = streams.filter(({ cameraId, lastHeldBy }) => lastHeldBy !== agentId && cameraIds.includes(cameraId));
      await endAbandonedEvents(transaction, taken);
      await transaction.$executeRaw`
        UPDATE nvr.camera SET analysed_by = ${agentId}, analysed_until = now() + make_interval(secs => ${leaseMs / 1_000}) WHERE id = ANY(${cameraIds}::int[])`;
      await transaction.$executeRaw`
        UPDATE nvr.camera SET analysed_by = NULL, analysed_until = NULL WHERE analysed_by = ${agentId} AND NOT id = ANY(${cameraIds}::int[])`;
      return cameraIds;
    });
  }

  /** @returns how many streams the agent had */
  release(agentId: string): Promise<number> {
    return this.database
      .$executeRaw`UPDATE nvr.camera SET analysed_by = NULL, analysed_until = NULL WHERE analysed_by = ${agentId} AND analysed_until > now()`;
  }
}
