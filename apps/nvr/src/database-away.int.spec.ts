import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { claimStreams } from '@nightjar/contracts';
import { createTestDatabase, until, type TestDatabase } from '@nightjar/testing';
import { adminPassword, startTestNvr, type TestNvr } from './test-nvr.fixture.js';

/** A way to Postgres that can be cut and mended. */
class Wire {
  private readonly sockets = new Set<net.Socket>();
  private isCut = false;
  private readonly server: net.Server;

  constructor(target: URL) {
    this.server = net.createServer((near) => {
      if (this.isCut) return near.destroy();
      const far = net.connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => [near, far].forEach((end) => this.sockets.delete(end.destroy())));
      }
      near.pipe(far).pipe(near);
      return undefined;
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as net.AddressInfo).port;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

let database: TestDatabase;
let wire: Wire;
let nvr: TestNvr;
beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  wire = new Wire(new URL(database.url));
  url.port = String(await wire.listen());
  nvr = await startTestNvr({ databaseUrl: url.toString() });
});
afterAll(async () => {
  await nvr.stop();
  wire.close();
  await database.drop();
});

describe('while Postgres is away', () => {
  it('everything that needs it is 503 with Retry-After, nothing is 500 or 401, and all is well again by itself', async () => {
    expect((await nvr.fetch('/api/v1/cameras')).status).toBe(200);
    wire.cut();
    const login = () =>
      fetch(`${nvr.url}/api/v1/auth/login`, { method: 'POST', body: new URLSearchParams({ username: 'admin', password: adminPassword }) });
    for (const ask of [
      () => nvr.fetch('/api/v1/cameras'),
      () => nvr.fetch('/api/v1/events/latest'),
      () => nvr.fetch('/api/v1/recordings/1?start_unix=1&end_unix=2'),
      () => nvr.fetch('/api/v1/events/stream'),
      login,
    ]) {
      const answer = await ask();
      expect([answer.status, Number(answer.headers.get('retry-after')) > 0, await answer.json()]).toEqual([
        503,
        true,
        { detail: 'the database does not answer' },
      ]);
    }
    // The user was asked for a moment ago; after that even who he is can't be told.
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    expect((await nvr.fetch('/api/v1/auth/me')).status).toBe(503);
    await expect(
      nvr.bus.request(claimStreams, { agent_id: 'a', slots_total: 1, feedback: [] }, { timeoutMs: 60_000 }),
    ).rejects.toMatchObject({
      code: 'unavailable',
    });
    const ready = await fetch(`${nvr.url}/readyz`);
    expect([ready.status, ((await ready.json()) as { checks: unknown }).checks]).toEqual([
      503,
      { database: expect.not.stringMatching(/^ok$/), bus: 'ok' },
    ]);
    expect((await fetch(`${nvr.url}/livez`)).status).toBe(200);
    wire.mend();
    expect((await nvr.fetch('/api/v1/cameras')).status).toBe(200);
    // It has a second to answer.
    await until(async () => (await fetch(`${nvr.url}/readyz`)).status === 200);
  });
});
