import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AppError } from '@nightjar/runtime';

const run = promisify(execFile);

/** Debian keeps nats-server where an ordinary user's PATH does not look. */
const usualPrograms = ['nats-server', '/usr/sbin/nats-server'] as const;

/** The oldest release whose JetStream has what libs/messaging asks for. */
const oldestVersion = [2, 9] as const;

/** Which bus to use. */
export type BusChoice =
  | { readonly kind: 'given'; readonly url: string }
  | { readonly kind: 'nats-server'; readonly program: string; readonly version: string }
  | { readonly kind: 'embedded broker'; readonly reason: string };

interface BusPreferences {
  /** NATS_URL: a server that somebody else runs. */
  readonly natsUrl?: string | undefined;
  /** NATS_SERVER_PATH: the program to start. */
  readonly natsServerPath?: string | undefined;
  /** Leave nats-server alone even where it is found. */
  readonly embeddedOnly?: boolean;
}

/**
 * NATS_URL, then NATS_SERVER_PATH, then nats-server on PATH, else the embedded broker, which is always there.
 * nats-server is not downloaded: a release can only be trusted by a checksum that was published with it and written down
 * here by somebody who compared the two, and no such list has been made yet.
 * @throws AppError `invalid_argument` when NATS_SERVER_PATH names something that is no usable nats-server
 */
export async function chooseBus({ natsUrl, natsServerPath, embeddedOnly = false }: BusPreferences): Promise<BusChoice> {
  if (natsUrl !== undefined) return { kind: 'given', url: natsUrl };
  if (embeddedOnly) return { kind: 'embedded broker', reason: 'asked for' };
  if (natsServerPath !== undefined) {
    const version = await readVersion(natsServerPath);
    if (version === undefined || !isRecentEnough(version)) {
      throw new AppError(
        'invalid_argument',
        `NATS_SERVER_PATH is set to "${natsServerPath}", which is no nats-server ${oldestVersion.join('.')} or later`,
      );
    }
    return { kind: 'nats-server', program: natsServerPath, version };
  }
  for (const program of usualPrograms) {
    const version = await readVersion(program);
    if (version === undefined) continue;
    if (isRecentEnough(version)) return { kind: 'nats-server', program, version };
    return { kind: 'embedded broker', reason: `nats-server ${version} is too old` };
  }
  return { kind: 'embedded broker', reason: 'no nats-server found' };
}

/** Whether a version like `2.9.10` has the JetStream features we use. */
export function isRecentEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1]);
}

async function readVersion(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: 5_000 });
    return /nats-server: v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined; // not there, or not a program
  }
}
