import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { chooseBus, EmbeddedBroker, startNatsServer } from '@nightjar/embedded';

/** A bus of its own for one spec file. */
export interface TestBus {
  /** `nats://token@127.0.0.1:port`, as NATS_URL takes it. */
  readonly url: string;
  readonly kind: 'nats-server' | 'embedded broker';
  stop(): Promise<void>;
}

/**
 * Starts nats-server where it is installed, else the embedded broker, and prints which. `kind` asks for one of them;
 * asking for nats-server where there is none throws.
 */
export async function startTestBus(options: { kind?: TestBus['kind'] } = {}): Promise<TestBus> {
  const choice = await chooseBus({ embeddedOnly: options.kind === 'embedded broker' });
  const token = randomBytes(16).toString('hex');
  if (choice.kind === 'nats-server') {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), `nightjar-bus-${process.pid}-`));
    const server = await startNatsServer({ program: choice.program, version: choice.version, dataDir, token });
    const stop = async (): Promise<void> => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    };
    process.stdout.write(`bus of this spec: nats-server ${choice.version}\n`);
    return { url: server.url, kind: 'nats-server', stop };
  }
  if (options.kind === 'nats-server') throw new Error('this test needs nats-server, which is not installed');
  const broker = new EmbeddedBroker({ token });
  const port = await broker.listen();
  process.stdout.write('bus of this spec: embedded broker\n');
  return { url: `nats://${token}@127.0.0.1:${port}`, kind: 'embedded broker', stop: () => broker.close() };
}

/** Whether nats-server is installed here: specs that need JetStream on disk say so and skip where it is not. */
export async function hasNatsServer(): Promise<boolean> {
  return (await chooseBus({})).kind === 'nats-server';
}
