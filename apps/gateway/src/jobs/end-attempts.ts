import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import { GroupedCalls } from '../groups/grouped-calls.js';
import type { Attempt } from './beat-job.js';
import { endingRow, type EndedJob, type JobEnding } from './end-jobs.js';
import { storedJson } from './stored-values.js';

/** As many as the bus lets in at a time; it answers one more with `overloaded`, and the agent says it again. */
const endsAtOnce = 64;
/** As for claims. */
const groupsAtOnce = 2;
/** An end with a larger result goes alone: neither do others wait for it, nor does a group of them fill the memory. */
const groupedCharactersMax = 64 * 1024;

/** What an attempt has to be, beside the current one, to end like this. */
export type EndCondition = 'any' | 'in_time' | 'late' | 'cancel_requested';

interface AskedEnd {
  jobId: string;
  /** For `jobs.end_jobs`, as JSON. */
  row: string;
}

export interface AttemptEndsOptions {
  database: JobsDatabase;
  /** How long a job can be read after its end. */
  retentionMs: number;
  /** Told once for all jobs that were ended together; there is at least one. */
  onEnded: (jobs: readonly EndedJob[]) => void;
}

/**
 * Ends attempts. What agents say while former ends are on their way is committed together, in one statement that checks each of them
 * against its own lease; one that comes alone goes at once.
 */
export class AttemptEnds {
  private readonly groups = new GroupedCalls<'all ends', AskedEnd, boolean>({
    atOnce: endsAtOnce,
    groupsAtOnce,
    ask: (_, asked) => this.endAll(asked),
    // A row can be written once in a statement: who says the same twice hears of the first.
    nameOf: ({ jobId }) => jobId,
  });

  constructor(private readonly options: AttemptEndsOptions) {}

  /** @returns false when the attempt is not the current one, has ended or does not meet the condition @throws AppError `unavailable` */
  async end({ jobId, lease }: Attempt, ending: JobEnding, condition: EndCondition): Promise<boolean> {
    const row = storedJson({ job_id: jobId, lease, only_if: condition, ...endingRow(ending) });
    const asked = { jobId, row };
    if (row.length <= groupedCharactersMax) return this.groups.ask('all ends', asked);
    const [ended] = await this.endAll([asked]);
    return ended === true;
  }

  private async endAll(asked: readonly AskedEnd[]): Promise<boolean[]> {
    const { database, retentionMs, onEnded } = this.options;
    const ends = `[${asked.map(({ row }) => row).join(',')}]`;
    const jobs = await orUnavailable(
      database.$planned<EndedJob>`SELECT id, has_message AS "hasMessage" FROM jobs.end_jobs(${ends}::json, ${retentionMs}::float8)`,
    );
    if (jobs.length > 0) onEnded(jobs);
    const ended = new Set(jobs.map(({ id }) => id));
    return asked.map(({ jobId }) => ended.has(jobId));
  }
}
