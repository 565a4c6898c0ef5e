import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestDatabase } from '@nightjar/testing';

/** What `tsc -b` built of the NVR: apps know each other by the bus only. */
const main = fileURLToPath(new URL('../../../nvr/dist/main.js', import.meta.url));

/** An NVR with a database of its own, as a process that can be killed, frozen and started again. */
export interface NvrProcess {
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Stops it where it is: it holds its connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  databaseUrl: string;
  /** Ends it for good. */
  remove(): Promise<void>;
}

export async function prepareNvr(natsUrl: string): Promise<NvrProcess> {
  const [database, directory] = await Promise.all([createTestDatabase(), mkdtemp(path.join(os.tmpdir(), 'nightjar-nvr-'))]);
  const env = {
    DATABASE_URL: database.url,
    NATS_URL: natsUrl,
    NVR_PORT: '0',
    NIGHTJAR_DATA_DIR: directory,
    NIGHTJAR_SECRET_KEY: randomBytes(32).toString('base64'),
  };
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    databaseUrl: database.url,
    start: () => {
      const started = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      child = started;
      return new Promise((resolve, reject) => {
        let output = '';
        started.stdout.on('data', (chunk: Buffer) => {
          output = (output + chunk.toString()).slice(-20_000);
          // It serves on the bus from its connection on.
          if (output.includes('bus connected')) resolve();
        });
        started.once('exit', () => reject(new Error(`the nvr ended: ${output}`)));
      });
    },
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    remove: async () => {
      await kill();
      await database.drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
