import { openJobsDatabase } from '@nightjar/database';
import type { Shutdown } from '@nightjar/runtime';

/**
 * Says whether the database can serve, for `/readyz`. Over a connection of its own: in the gateway's pool the question waits behind
 * submits, and a gateway that has much to do would look like one that can do nothing. Whoever asks meanwhile hears the same answer.
 * @returns a check that throws while the database is away, or has not our tables
 */
export function openDatabaseProbe(url: string, shutdown: Shutdown): () => Promise<undefined> {
  const database = openJobsDatabase({ url, connectionsMax: 1 });
  shutdown.register('connection of the readiness check', () => database.$disconnect());
  let asked: Promise<undefined> | undefined;
  // The table, not `select 1`: a database without our migrations can't serve either.
  const ask = async () => {
    await database.$planned`SELECT 1 FROM jobs.job LIMIT 1`;
    return undefined;
  };
  return () => (asked ??= ask().finally(() => (asked = undefined)));
}
