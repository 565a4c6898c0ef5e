// What all fault scripts of the job API have in common: a system, a client that goes on submitting, a ledger, a fault, an end and a verdict.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import sharp from 'sharp';
import { eventually, sleep } from '../journey/checks.mjs';
import { makeTestVideo, samplePictures } from '../../libs/testing/dist/index.js';
import { JobClient } from './job-client.mjs';
import { openJobSystem, root } from './job-system.mjs';
import { Ledger } from './ledger.mjs';
import { openReceiver } from './webhook-receiver.mjs';

/** Numbers of the command line, `--name N`, with their defaults. */
export function readNumbers(defaults) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string', default: String(defaults[name]) }]));
  return Object.fromEntries(Object.entries(parseArgs({ options }).values).map(([name, value]) => [name, Number(value)]));
}

/** The same sequence for the same seed (mulberry32). */
export function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Runs one fault script to its end and sets the exit code.
 * @param options.perSecond pace of the submits
 * @param options.system what `openJobSystem` takes
 * @param options.media folder → what is sent, as `tinyMedia`
 * @param options.work starts who does the jobs, e.g. `playAgent`; absent: the agents of the system
 * @param options.hurt does the harm while submits go on; submits end when it returns. What it returns are lines to print
 * @param options.afterwards looks around when all jobs have ended; throws, or returns lines to print
 * @param options.pauseMsMax of a client that is told to come again later, however much later
 * @param options.drainMs how long the jobs may take to end after the last submit
 */
export async function runFaults(options) {
  const { title, perSecond, seed, media = tinyMedia, work, hurt, afterwards = () => [], drainMs = 240_000, pauseMsMax } = options;
  printHeader(title);
  const random = seededRandom(seed);
  const system = await openJobSystem(options.system);
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void system.close({ keep: true }).finally(() => process.exit(130)));
  const ledger = new Ledger(path.join(system.scratch, 'ledger.jsonl'));
  const receiver = await openReceiver(ledger);
  const client = new JobClient({
    urls: system.gateways.map(({ url }) => url),
    apiKey: system.apiKey,
    ledger,
    media: await media(system.scratch),
    webhookUrl: receiver.url,
    random,
    pauseMsMax,
  });
  const worker = work?.(system);
  const submitting = new AbortController();
  const polling = new AbortController();
  let passed = false;
  try {
    const pace = client.submitAt(perSecond, submitting.signal);
    const polls = client.pollUntil(polling.signal);
    const lines = await hurt({ system, client, worker, random });
    submitting.abort();
    await pace;
    await client.settled();
    await drain({ system, receiver, drainMs });
    polling.abort();
    await polls;
    await client.lookAtAll();
    await writeRows(system, ledger);
    for (const line of [...lines, ...(await afterwards({ system }))]) console.log(`  ${line}`);
    if (client.skipped > 0) console.log(`  ${client.skipped} submits left out: too many were under way`);
    passed = ledger.verdict();
  } catch (error) {
    console.log(error.stack);
  } finally {
    submitting.abort();
    polling.abort();
    await worker?.stop();
    await client.close();
    await receiver.close();
    await system.close({ keep: !passed });
  }
  console.log(passed ? 'passed' : `FAILED; ledger and logs are in ${system.scratch}`);
  process.exit(passed ? 0 : 1);
}

/** One line that says what the numbers are worth. */
export function printHeader(title) {
  console.log(
    `${title}: ${os.cpus()[0].model}, ${os.cpus().length} cores, Node ${process.versions.node}, commit ${commit()}, ${new Date().toISOString().slice(0, 16)} UTC, load average ${os.loadavg()[0].toFixed(1)}`,
  );
}

/** How long something took. @throws over `withinMs` */
export function describeTimes(timesMs, { what, withinMs = Infinity } = {}) {
  const mostMs = Math.max(...timesMs);
  if (mostMs > withinMs) throw new Error(`${what}: ${Math.round(mostMs)} ms, more than ${withinMs}`);
  const meanMs = timesMs.reduce((sum, ms) => sum + ms, 0) / timesMs.length;
  return `${what ? `${what}: ` : ''}${Math.round(meanMs)} ms on average, ${Math.round(mostMs)} ms at most`;
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** A video of a second and two pictures: small enough for fifty a second, and real. */
export async function tinyMedia(dir) {
  const video = await makeTestVideo({ file: path.join(dir, 'tiny.mp4'), seconds: 1, width: 64, height: 48 });
  const images = await Promise.all(samplePictures.slice(0, 2).map((picture) => sharp(picture).resize(48).jpeg().toBuffer()));
  return { video: fs.readFileSync(video), images };
}

/** A video and a picture in which real models find real people. */
export async function smallMedia(dir, { seconds }) {
  const video = await makeTestVideo({ file: path.join(dir, 'small.mp4'), seconds, width: 320, height: 180 });
  return { video: fs.readFileSync(video), images: [await sharp(samplePictures[0]).resize(480).jpeg().toBuffer()] };
}

/** Asks the database from outside of the product. */
export async function query(system, text) {
  const client = new pg.Client({ connectionString: system.postgres.server.url, connectionTimeoutMillis: 5_000, query_timeout: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Waits until no job is open and every webhook has arrived; over its time the verdict counts what is left. */
async function drain({ system, receiver, drainMs }) {
  const startedMs = performance.now();
  const isDone = async () => {
    const [{ open, unheard }] = await query(
      system,
      `SELECT count(*) FILTER (WHERE state IN ('queued', 'processing'))::int AS open,
        (SELECT count(*)::int FROM jobs.webhook_delivery WHERE state = 'pending') AS unheard FROM jobs.job`,
    );
    return open === 0 && unheard === 0;
  };
  await eventually('an end of all jobs', isDone, { withinMs: drainMs, everyMs: 500 }).catch((error) => console.log(`  ${error.message}`));
  await sleep(500);
  console.log(
    `  all jobs ended ${((performance.now() - startedMs) / 1000).toFixed(1)} s after the last submit; webhooks for ${receiver.heard.size} jobs`,
  );
}

async function writeRows(system, ledger) {
  const rows = await query(
    system,
    `SELECT id, state,
      (SELECT count(*)::int FROM jobs.job_event AS event WHERE event.job_id = job.id AND event.state IN ('finished', 'failed', 'cancelled')) AS ends,
      (SELECT count(*)::int FROM jobs.webhook_delivery AS message WHERE message.job_id = job.id) AS messages
    FROM jobs.job`,
  );
  for (const { id, state, ends, messages } of rows) ledger.row({ jobId: id, state, ends, messages });
}
