// The outside ledger: what clients sent and heard, what polling showed, which webhooks came, and at the end what the rows say. Lines of
// JSON that are only ever appended; the verdict is computed from the file alone.
// usage: node e2e/faults/ledger.mjs FILE     prints the verdict once more; exit code 1 when something is lost or doubled
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';

const terminal = new Set(['finished', 'failed', 'cancelled']);

/** Writes every line before it returns: what a client has heard stands in the file before anything else happens. */
export class Ledger {
  constructor(file) {
    this.file = file;
    this.descriptor = fs.openSync(file, 'a');
  }

  /** A client wants one job, under a key of its own. */
  wanted(key, mediaType, { webhook }) {
    this.write({ kind: 'wanted', key, mediaType, webhook });
  }

  /** A client heard an answer to a submit. */
  answered(key, { status, retryAfter, jobId, code }) {
    this.write({ kind: 'answered', key, status, retryAfter, jobId, code });
  }

  /** A client heard nothing: the connection broke or the wait was too long. The job may exist. */
  unheard(key, reason) {
    this.write({ kind: 'unheard', key, reason });
  }

  /** Polling showed a job that has ended; `last` for the look at everything after the end. */
  seen(jobId, { httpStatus, status, last = false }) {
    this.write({ kind: 'seen', jobId, httpStatus, status, last });
  }

  /** A webhook arrived. */
  called({ jobId, webhookId, status, isSigned }) {
    this.write({ kind: 'called', jobId, webhookId, status, isSigned });
  }

  /** A job as the database holds it after the end. */
  row({ jobId, state, ends, messages }) {
    this.write({ kind: 'row', jobId, state, ends, messages });
  }

  /** Counts everything and prints it. @returns whether nothing is lost, doubled or left open */
  verdict() {
    fs.fsyncSync(this.descriptor);
    return printVerdict(judge(readLedger(this.file)));
  }

  write(entry) {
    fs.writeSync(this.descriptor, `${JSON.stringify({ atMs: Date.now(), ...entry })}\n`);
  }
}

const readLedger = (file) =>
  fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** What the entries of a ledger amount to. `faults` must all be 0. */
function judge(entries) {
  const of = (kind) => entries.filter((entry) => entry.kind === kind);
  const wanted = of('wanted');
  const answers = of('answered');
  const idsOfKey = groupBy(
    answers.filter(({ status }) => status === 202),
    ({ key }) => key,
    ({ jobId }) => jobId,
  );
  const accepted = new Set([...idsOfKey.values()].flatMap((ids) => [...ids]));
  const rows = new Map(of('row').map((row) => [row.jobId, row]));
  const lastSeen = new Map(
    of('seen')
      .filter(({ last }) => last)
      .map((seen) => [seen.jobId, seen]),
  );
  const endsSeen = groupBy(
    of('seen').filter(({ status }) => terminal.has(status)),
    ({ jobId }) => jobId,
    ({ status }) => status,
  );
  const calls = of('called');
  const idsCalled = groupBy(
    calls,
    ({ jobId }) => jobId,
    ({ webhookId }) => webhookId,
  );
  const withWebhook = wanted.filter(({ webhook }) => webhook).flatMap(({ key }) => [...(idsOfKey.get(key) ?? [])]);
  const ids = [...accepted];
  return {
    counts: {
      wanted: wanted.length,
      accepted: accepted.size,
      'webhooks received': calls.length,
      ...countBy(of('unheard'), ({ reason }) => `not answered: ${reason}`),
      ...countBy(answers, ({ status, code }) => `answered ${status}${code ? ` ${code}` : ''}`),
      ...countBy(ids, (id) => `ended ${lastSeen.get(id)?.status ?? 'unknown'}`),
    },
    faults: {
      'wanted and never accepted': wanted.filter(({ key }) => !idsOfKey.has(key)).length,
      lost: ids.filter((id) => !rows.has(id) || lastSeen.get(id)?.httpStatus !== 200).length,
      'doubled: two ids for one key': [...idsOfKey.values()].filter((found) => found.size > 1).length,
      'doubled: jobs that nobody was told of': [...rows.keys()].filter((id) => !accepted.has(id)).length,
      'not ended': ids.filter((id) => !terminal.has(rows.get(id)?.state) || !terminal.has(lastSeen.get(id)?.status)).length,
      'ended twice': ids.filter((id) => (endsSeen.get(id)?.size ?? 0) > 1 || (rows.get(id)?.ends ?? 1) !== 1).length,
      'webhook ids of a job not exactly one': withWebhook.filter((id) => idsCalled.get(id)?.size !== 1 || rows.get(id)?.messages !== 1)
        .length,
      'webhooks with a wrong signature or another end': calls.filter(
        ({ jobId, status, isSigned }) => !isSigned || lastSeen.get(jobId)?.status !== status,
      ).length,
      '5xx other than 503 with Retry-After': answers.filter(({ status, retryAfter }) => status >= 500 && !(status === 503 && retryAfter))
        .length,
      'other refusals': answers.filter(({ status }) => status >= 300 && status < 500 && status !== 409).length,
    },
  };
}

function printVerdict({ counts, faults }) {
  for (const [name, count] of Object.entries(counts)) console.log(`  ${name.padEnd(48)} ${count}`);
  console.log('  must be 0:');
  for (const [name, count] of Object.entries(faults)) console.log(`  ${name.padEnd(48)} ${count}${count === 0 ? '' : '   <--'}`);
  return Object.values(faults).every((count) => count === 0) && counts.accepted > 0;
}

function groupBy(entries, keyOf, valueOf) {
  const groups = new Map();
  for (const entry of entries) {
    const key = keyOf(entry);
    if (!groups.has(key)) groups.set(key, new Set());
    groups.get(key).add(valueOf(entry));
  }
  return groups;
}

function countBy(entries, nameOf) {
  const counts = {};
  for (const entry of entries) counts[nameOf(entry)] = (counts[nameOf(entry)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(printVerdict(judge(readLedger(process.argv[2]))) ? 0 : 1);
