import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '@nightjar/testing';
import { apiKey, type GatewayServices } from './gateway.fixture.js';

/** What `tsc -b` built, as operators run it. */
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** A gateway in a process of its own: what it takes of memory is its own too. */
export class GatewayProcess {
  private constructor(
    readonly url: string,
    readonly dataDir: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(services: GatewayServices, settings: Record<string, string> = {}): Promise<GatewayProcess> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-gateway-'));
    const child = spawn(process.execPath, [main], {
      env: {
        DATABASE_URL: services.databaseUrl,
        NATS_URL: services.natsUrl,
        GATEWAY_PORT: '0',
        NIGHTJAR_DATA_DIR: dataDir,
        BOOTSTRAP_API_KEY: apiKey,
        ...settings,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let log = '';
    child.stdout!.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const urlOf = () => /job API listens.*?"url":"(http:[^"]+)"/.exec(log)?.[1] ?? /"url":"(http:[^"]+)"/.exec(log)?.[1];
    await until(() => urlOf() !== undefined);
    const url = urlOf()!;
    await until(async () => (await fetch(`${url}/readyz`)).status === 200);
    return new GatewayProcess(url, dataDir, child);
  }

  /** Bytes that are resident now, and at most since the start. Linux alone tells the latter. */
  async memory(): Promise<{ residentBytes: number; residentBytesMax: number }> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
    const bytesOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
    return { residentBytes: bytesOf('VmRSS'), residentBytesMax: bytesOf('VmHWM') };
  }

  /** Milliseconds of CPU that it has taken. Linux alone tells, in hundredths of a second. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8');
    const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14);
    return (Number(user) + Number(system)) * 10;
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Stops it as a deployment does, and removes what it kept. */
  async stopAndRemove(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
