import type { Work } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { GroupedCalls } from '../groups/grouped-calls.js';
import { storedText } from './stored-values.js';

const holderLengthMax = 128;
/** As many as the bus lets in at a time; it answers one more with `overloaded`, and the agent asks again. */
const claimsAtOnce = 64;
/** While one is on its way to the disk the next is worked on; more would only be smaller. */
const groupsAtOnce = 2;

/** What `jobs.claim_jobs` returns. */
type ClaimedRow = {
  /** Of the agent among those that ask, from 1. */
  slot: number;
  id: string;
  lease_id: string;
  attempt: number;
  processing_ms_left: number | null;
} & ({ media_type: 'video'; media_file: string } | { media_type: 'image'; items: { index: number; file: string }[] | null });

/**
 * Leases the jobs that have waited longest to agents. Those that ask while former answers are on their way are answered together, by
 * one transaction, each with a job of its own; one that asks alone is answered at once. Agents that ask other gateways at the same
 * moment get different jobs and never wait for each other. The lease's id is new with every attempt and fences the former one off; what
 * that one had delivered in parts is removed.
 */
export class JobClaims {
  private readonly groups = new GroupedCalls<'all agents', string, Work | null>({
    atOnce: claimsAtOnce,
    groupsAtOnce,
    ask: (_, agentIds) => claimJobs(this.options.database, { agentIds, leaseMs: this.options.leaseMs }),
  });

  constructor(private readonly options: { database: JobsDatabase; leaseMs: number }) {}

  /** @returns null when no job waits @throws AppError `unavailable` */
  claim(agentId: string): Promise<Work | null> {
    return this.groups.ask('all agents', agentId);
  }
}

/** @returns the job of each agent, in their order; null for those for whom none was left */
async function claimJobs(
  database: JobsDatabase,
  { agentIds, leaseMs }: { agentIds: readonly string[]; leaseMs: number },
): Promise<(Work | null)[]> {
  const holders = agentIds.map((agentId) => storedText(agentId).slice(0, holderLengthMax));
  const rows = await orUnavailable(
    database.$planned<ClaimedRow>`
      SELECT slot, id, lease_id, media_type, attempt, media_file, processing_ms_left, items
      FROM jobs.claim_jobs(${holders}::text[], ${leaseMs}::float8)`,
  );
  // Nothing may throw from here on: the jobs are leased, and a group that fails is asked for again.
  const rowOfSlot = new Map(rows.map((row) => [row.slot, row]));
  return agentIds.map((_, index) => {
    const row = rowOfSlot.get(index + 1);
    return row ? workOf(row, leaseMs) : null;
  });
}

function workOf(row: ClaimedRow, leaseMs: number): Work {
  const attempt = {
    job_id: row.id,
    lease: row.lease_id,
    attempt: row.attempt,
    lease_ms: leaseMs,
    processing_ms_left: row.processing_ms_left === null ? null : Math.max(0, row.processing_ms_left),
  };
  if (row.media_type === 'image') return { media_type: 'image', ...attempt, items: row.items ?? [] };
  return { media_type: 'video', ...attempt, file: row.media_file };
}
