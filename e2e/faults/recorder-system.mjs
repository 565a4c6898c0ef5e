// What the fault scripts of the recorder hurt: Postgres, bus and the recorder that ships, each a process of its own on data of its own,
// with test cameras on loopback; and how what is left is judged, from outside: rows, files, FFmpeg, fsck.
import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { findFreePort } from '../../libs/embedded/dist/index.js';
import { createTestDatabase, requireFfmpeg, startTestBus, startTestCamera, startTestPostgres } from '../../libs/testing/dist/index.js';
import { eventually } from '../journey/checks.mjs';
import { root, Service } from './job-system.mjs';

const run = promisify(execFile);
const preload = fileURLToPath(new URL('recorder-preload.mjs', import.meta.url));

/** `--rounds N` and `--seed N` of the command line; `--full` for the counts of a night. */
export function readRounds({ rounds, full }) {
  const options = { rounds: { type: 'string' }, seed: { type: 'string', default: '1' }, full: { type: 'boolean', default: false } };
  const { values } = parseArgs({ options });
  return { rounds: Number(values.rounds ?? (values.full ? full : rounds)), seed: Number(values.seed) };
}

/**
 * Brings the system up and calls `hurt`; prints the ledger that it returns, and fails when a count that must be 0 is not.
 * @param options.recordingsDir where recordings go; default a folder of the run
 * @param options.hurt ({ system }) → { lines, faults: { what: count } }
 */
export async function runRecorderFaults({ title, cameras = 1, camera = {}, settings = {}, recordingsDir, hurt }) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-recorder-faults-'));
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  console.log(`${title}: Node ${process.versions.node}, ${os.cpus().length} cores, commit ${commit}, load ${os.loadavg()[0].toFixed(1)}`);
  const stops = [];
  let failed = true;
  try {
    const system = await open({
      scratch,
      stops,
      cameras,
      camera,
      settings,
      recordingsDir: recordingsDir ?? path.join(scratch, 'recordings'),
    });
    const { lines = [], faults } = await hurt({ system });
    for (const line of lines) console.log(line);
    console.log(JSON.stringify(faults));
    failed = Object.values(faults).some((count) => count !== 0);
  } catch (error) {
    console.log(error);
  }
  for (const stop of stops.reverse()) await stop();
  console.log(failed ? `FAILED ${title}; logs are in ${scratch}` : `ok ${title}`);
  if (!failed) fs.rmSync(scratch, { recursive: true, force: true });
  process.exitCode = failed ? 1 : 0;
}

async function open({ scratch, stops, cameras, camera, settings, recordingsDir }) {
  const postgres = await startTestPostgres();
  stops.push(() => postgres.stop());
  const { url: databaseUrl } = await createTestDatabase();
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  stops.push(() => database.end());
  const bus = await startTestBus();
  stops.push(() => bus.stop());
  const devices = [];
  for (let index = 0; index < cameras; index++) devices.push(await startTestCamera(camera));
  stops.push(() => Promise.all(devices.map((device) => device.close())));
  const port = await findFreePort();
  const faultFile = path.join(scratch, 'fault');
  const ffmpeg = await requireFfmpeg();
  const environment = {
    DATABASE_URL: databaseUrl,
    NATS_URL: bus.url,
    NIGHTJAR_SECRET_KEY: randomBytes(32).toString('base64'),
    NIGHTJAR_DATA_DIR: scratch,
    NIGHTJAR_RECORDINGS_DIR: recordingsDir,
    NIGHTJAR_RECORDER_PORT: String(port),
    NIGHTJAR_CAMERA_NETWORKS: '127.0.0.0/8',
    NIGHTJAR_RETENTION_FREE_BYTES: '0',
    NIGHTJAR_SEGMENT_SECONDS: '5',
    FFMPEG_PATH: ffmpeg,
    ...settings,
  };
  const recorder = new Service({
    name: 'recorder',
    app: 'nvr',
    url: `http://127.0.0.1:${port}`,
    environment: { ...environment, RECORDER_FAULT_FILE: faultFile },
    logFile: path.join(scratch, 'recorder.log'),
    wrap: () => [process.execPath, '--import', preload, path.join(root, 'apps/nvr/dist/recorder.main.js')],
  });
  stops.push(() => recorder.kill());
  const query = async (text, parameters) => (await database.query(text, parameters)).rows;
  return {
    scratch,
    recorder,
    devices,
    recordingsDir,
    query,
    ffmpeg,
    /** What `recorder-preload.mjs` does to the recorder from now on; nothing without an argument. */
    fault: (what) => (what ? fs.writeFileSync(faultFile, JSON.stringify(what)) : fs.rmSync(faultFile, { force: true })),
    addCamera: async (name, url) => {
      const insert =
        'INSERT INTO nvr.camera (uuid, name, frames_name, rtsp_url, updated_at) VALUES (gen_random_uuid(), $1, $1, $2, now()) RETURNING id, uuid';
      return (await query(insert, [name, url]))[0];
    },
    /** Oldest first, times in Unix ms. */
    rows: async () =>
      (await query('SELECT s.*, c.uuid FROM nvr.segment s JOIN nvr.camera c ON c.id = s.camera_id ORDER BY starts_at, s.id')).map(
        (row) => ({
          file: row.file,
          uuid: row.uuid,
          open: row.open,
          startMs: row.starts_at.getTime(),
          endMs: row.ends_at.getTime(),
          bytes: Number(row.size_bytes),
        }),
      ),
    fsck: async (...flags) => {
      const command = [path.join(root, 'apps/nvr/dist/fsck.main.js'), ...flags];
      const ended = await run(process.execPath, command, { env: { PATH: process.env.PATH, ...environment } }).catch((failure) => failure);
      if (!ended.stdout) throw new Error(`fsck: ${ended.stderr}`);
      return { code: ended.code ?? 0, report: JSON.parse(ended.stdout) };
    },
    /** The answer of /readyz about the disk. */
    disk: async () => (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()).checks.disk,
  };
}

/** Recorded files on the disk, relative. */
export function filesIn(directory) {
  const entries = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'))
    .map((entry) => path.relative(directory, path.join(entry.parentPath ?? entry.path, entry.name)));
}

/** Ms of media that a file plays, and what FFmpeg has to complain of while it decodes all of it. */
async function play(ffmpeg, file) {
  const { stderr } = await run(ffmpeg, ['-v', 'error', '-i', file, '-f', 'null', '-']).catch((error) => error);
  return stderr.trim();
}

/** Rows whose file is missing, shorter than they say, or does not decode; and files without a row. */
export async function judge({ system }) {
  const rows = await system.rows();
  const known = new Set(rows.map(({ file }) => file));
  const faults = {
    'rows without their bytes': 0,
    'files that do not decode': 0,
    'files without a row': 0,
    'rows of a wrong camera': 0,
    'negative durations': 0,
  };
  for (const { bytes, endMs, file, startMs, uuid } of rows) {
    const absolute = path.join(system.recordingsDir, file);
    const size = fs.existsSync(absolute) ? fs.statSync(absolute).size : -1;
    if (size < bytes) faults['rows without their bytes']++;
    else if ((await play(system.ffmpeg, absolute)) !== '') faults['files that do not decode']++;
    if (!file.startsWith(`${uuid}/`)) faults['rows of a wrong camera']++;
    if (endMs < startMs) faults['negative durations']++;
  }
  faults['files without a row'] = filesIn(system.recordingsDir).filter((file) => !known.has(file)).length;
  return { faults, rows };
}

export const digestOf = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** Waits until something was recorded after now, by the clock of the rows. */
export async function recordsOn(system, { withinMs = 30_000, afterMs = Date.now() } = {}) {
  const startedMs = performance.now();
  await eventually('a recording that goes on', async () => (await system.rows()).some(({ endMs }) => endMs > afterMs), {
    withinMs,
    everyMs: 100,
  });
  return performance.now() - startedMs;
}
