import { spawn } from 'node:child_process';
import { access, chown, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import { makeEnterableDirectory, systemDir, type PostgresBinaries } from './postgres-binaries.js';
import { canEnter, type ProcessIdentity } from './service-account.js';

/** The environment of every Postgres program: ours, with messages in English so that they can be told apart. */
export const postgresEnv = { LC_ALL: 'C', LC_MESSAGES: 'C', PATH: '/usr/bin:/bin' } as const;

const initdbTimeoutMs = 60_000;

/** Superuser of the embedded cluster. */
export const superuser = 'postgres';

interface PrepareOptions {
  readonly dataDir: string;
  readonly identity: ProcessIdentity;
  readonly binaries: PostgresBinaries;
  readonly password: string;
  readonly durable: boolean;
}

/**
 * Makes the cluster when there is none yet and returns the directory it is in: `dataDir`, or one below systemDir when
 * the account Postgres runs as cannot enter the place asked for.
 * initdb works in a directory of its own that is renamed when it is complete, so a killed first start leaves no half cluster.
 */
export async function prepareDataDirectory(options: PrepareOptions): Promise<string> {
  const dataDir = await reachableDirectory(path.resolve(options.dataDir), options.identity);
  if (await isCluster(dataDir)) {
    await assertOwner(dataDir, options.identity);
    return dataDir;
  }
  const fresh = `${dataDir}.new-${process.pid}`;
  try {
    await initialise(fresh, options);
    await rename(fresh, dataDir);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
  return dataDir;
}

async function reachableDirectory(dataDir: string, identity: ProcessIdentity): Promise<string> {
  const parent = path.dirname(dataDir);
  await mkdir(parent, { recursive: true });
  if (await canEnter(parent, identity)) return dataDir;
  // One directory per place asked for: two checkouts of the same root user never share a cluster.
  const elsewhere = path.join(systemDir, `data${parent.replaceAll(/[^A-Za-z0-9._-]/g, '-')}`);
  await makeEnterableDirectory(systemDir);
  await makeEnterableDirectory(elsewhere);
  return path.join(elsewhere, path.basename(dataDir));
}

async function isCluster(dataDir: string): Promise<boolean> {
  try {
    await access(path.join(dataDir, 'PG_VERSION'));
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EACCES')) {
      throw new AppError(
        'permission_denied',
        `the database in ${dataDir} belongs to another user: start as that user, or set NIGHTJAR_DATA_DIR`,
        { cause: error },
      );
    }
    return false;
  }
}

async function assertOwner(dataDir: string, identity: ProcessIdentity): Promise<void> {
  const expected = identity.uid ?? process.getuid?.();
  const { uid } = await stat(dataDir);
  if (expected !== undefined && uid !== expected) {
    throw new AppError(
      'permission_denied',
      `the database in ${dataDir} belongs to another user (uid ${uid}): start as that user, or set NIGHTJAR_DATA_DIR`,
    );
  }
}

async function initialise(dataDir: string, { identity, binaries, password, durable }: PrepareOptions): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const secretDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-initdb-'));
  const passwordFile = path.join(secretDir, 'password');
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (identity.uid !== undefined && identity.gid !== undefined) {
      for (const owned of [dataDir, secretDir, passwordFile]) await chown(owned, identity.uid, identity.gid);
    }
    const args = [
      '-D',
      dataDir,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--data-checksums',
    ];
    if (!durable) args.push('--no-sync');
    await runInitdb(binaries.initdb, args, identity);
  } finally {
    await rm(secretDir, { recursive: true, force: true });
  }
}

function runInitdb(program: string, args: readonly string[], identity: ProcessIdentity): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...identity,
      cwd: '/',
      env: postgresEnv,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: initdbTimeoutMs,
    });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4_000);
    });
    child.once('error', (cause) => reject(new AppError('unavailable', 'initdb cannot be run', { cause })));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new AppError('unavailable', `initdb failed (${signal ?? `exit ${code}`}): ${complaint.trim()}`));
    });
  });
}
