import { openNvrDatabase } from '@nightjar/database';
import { systemClock, withoutCredentials } from '@nightjar/runtime';
import type { ChainFault } from './audit/audit-chain.js';
import { AuditLog } from './audit/audit-log.js';
import { readAuditConfig } from './config.js';

/** Reading a page of the log takes milliseconds; a statement that takes so long found a database in trouble. */
const statementMs = 60_000;

const findings: Record<ChainFault['kind'], (entryId: bigint) => string> = {
  altered: (entryId) => `entry ${entryId} was altered, or put in its place: its hash does not follow from the entries before it`,
  missing: (entryId) => `entry ${entryId} is missing`,
  incomplete: (entryId) =>
    `its ${entryId} entries do not tell who made a user that is there: the log was emptied and begun anew, or put back to an earlier moment, or the user was put in by hand`,
  inserted: (entryId) => `entry ${entryId} was inserted: the service did not write it`,
  resealed: (entryId) =>
    `the end of the log at entry ${entryId} is not what the service sealed: entries were written anew or cut off, or NIGHTJAR_SECRET_KEY is another one`,
};

/** Exit code 0: the log is whole; 1: it is not, and the first entry that does not fit is named; 2: it could not be read. */
async function verifyAudit(): Promise<number> {
  const { databaseUrl, secretKey } = readAuditConfig();
  const database = openNvrDatabase({ url: databaseUrl, connectionsMax: 1, statementMs });
  try {
    const { entries, fault } = await new AuditLog(database, systemClock, { secretKey }).check();
    process.stdout.write(fault ? `audit log broken: ${findings[fault.kind](fault.entryId)}\n` : `audit log whole: ${entries} entries\n`);
    return fault ? 1 : 0;
  } finally {
    await database.$disconnect();
  }
}

try {
  process.exitCode = await verifyAudit();
} catch (error) {
  process.stderr.write(`nightjar verify-audit: ${withoutCredentials(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 2;
}
