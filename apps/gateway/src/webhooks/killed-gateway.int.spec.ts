import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { Receiver } from './receiver.fixture.js';
import { Sending } from './sending.fixture.js';

/** What `tsc -b` built: a process that can be killed. */
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

describe('a gateway that is killed while a webhook is on its way', () => {
  let sending: Sending;
  let dataDir: string;

  beforeAll(async () => {
    [sending, dataDir] = await Promise.all([Sending.prepare(), mkdtemp(path.join(os.tmpdir(), 'nightjar-gateway-'))]);
  });
  afterAll(async () => {
    await sending?.remove();
    await rm(dataDir, { recursive: true, force: true });
  });

  const startGatewayProcess = () =>
    spawn(process.execPath, [main], {
      env: {
        DATABASE_URL: sending.databaseUrl,
        // Nobody is there: messages are sent without the bus.
        NATS_URL: 'nats://127.0.0.1:1',
        GATEWAY_PORT: '0',
        NIGHTJAR_DATA_DIR: dataDir,
        NIGHTJAR_SECRET_KEY: sending.secretKey,
        NIGHTJAR_WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it.each([
    ['before the receiver has answered', false],
    ['after the receiver has answered', true],
  ])('%s, has another one repeat it with the same id', async (_name, answersFirst) => {
    const gateway = startGatewayProcess();
    const exited = once(gateway, 'close');
    let log = '';
    for (const output of [gateway.stdout, gateway.stderr]) output.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const receiver = await Receiver.start((response, _call, number) => {
      if (number === 1) gateway.kill('SIGKILL');
      if (number > 1 || answersFirst) response.writeHead(200).end();
    });
    const id = await sending.addMessage(`${receiver.url}?token=hunter3`, { secret: 'hunter2 of the receiver' });
    await exited;
    expect(await sending.message(id)).toMatchObject({ state: 'pending', leaseId: expect.any(String), attempts: [] });
    sending.startSender();
    // Not before the lease is over: the other one might still be at it.
    await sending.database.webhookDelivery.update({ where: { id }, data: { leaseUntil: new Date() } });
    await until(async () => (await sending.state(id)) === 'delivered');
    expect(log).toContain('job API listens');
    expect(log).not.toMatch(/hunter/);
    const [first, second] = receiver.calls;
    expect(receiver.calls.map(({ headers }) => [headers['webhook-id'], headers['x-webhook-attempt']])).toEqual([[id, '1'], [id, '1']]); // prettier-ignore
    expect(second!.headers['x-webhook-signature']).toBe(first!.headers['x-webhook-signature']);
    await sending.stopSenders();
    await receiver.close();
  });
});
