import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AppError } from '@nightjar/runtime';

const run = promisify(execFile);
const accountName = 'postgres';

/** User and group a child process runs as; both absent means "as we do". */
export interface ProcessIdentity {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Whom Postgres runs as. It refuses to run as root, so a root launcher starts it as the system account `postgres`,
 * which is made when it is missing; an ordinary user starts it as itself.
 * @throws when we are root and the account can be neither found nor made
 */
export async function findServiceAccount(): Promise<ProcessIdentity> {
  if (process.getuid?.() !== 0) return {};
  const existing = await lookUp();
  if (existing) return existing;
  try {
    await run('groupadd', ['--system', '--force', accountName]);
    await run('useradd', ['--system', '--gid', accountName, '--no-create-home', '--shell', '/usr/sbin/nologin', accountName]);
  } catch (cause) {
    throw new AppError(
      'unavailable',
      'Postgres cannot run as root and the user "postgres" could not be made: start as an ordinary user, or set DATABASE_URL',
      { cause },
    );
  }
  const made = await lookUp();
  if (!made)
    throw new AppError(
      'unavailable',
      'Postgres cannot run as root and the user "postgres" is missing: start as an ordinary user, or set DATABASE_URL',
    );
  return made;
}

async function lookUp(): Promise<ProcessIdentity | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', accountName]), run('id', ['-g', accountName])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** Whether that identity may enter the directory, every directory above it included. */
export async function canEnter(directory: string, identity: ProcessIdentity): Promise<boolean> {
  if (identity.uid === undefined) return true;
  try {
    await run('test', ['-x', directory], { ...identity, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}
