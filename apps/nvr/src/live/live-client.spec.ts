import { describe, expect, it } from '@jest/globals';
import { AppError, FakeClock } from '@nightjar/runtime';
import { LiveClient, type LiveFilter } from './live-client.js';
import type { LiveConnection } from './live-connection.js';

const filterOf = (...cameraIds: number[]): LiveFilter => ({
  cameraIds: new Set(cameraIds),
  notifications: true,
  overlays: true,
  systemAlerts: false,
  cameraStatus: false,
});

/** Who listens, and the answers to who he is, given by hand. */
function listen() {
  const ended: string[] = [];
  const connection: LiveConnection = {
    isOpen: true,
    send: () => true,
    keepAlive: () => undefined,
    end: (reason) => void ended.push(reason),
    destroy: () => void ended.push('destroyed'),
    whenRoom: () => undefined,
    whenClosed: () => undefined,
  };
  const asked: { resolve: (filter: LiveFilter) => void; reject: (error: unknown) => void }[] = [];
  const client = new LiveClient({
    connection,
    filter: filterOf(1, 2),
    afterSeq: 0,
    clock: new FakeClock(),
    revalidate: () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
  });
  return { client, asked, ended };
}

describe('who a live client is', () => {
  it('is asked once at a time, however slow the answer', async () => {
    const { asked, client } = listen();
    const beats = [client.revalidate(), client.revalidate(), client.revalidate()];
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(filterOf(2));
    await Promise.all(beats);
    expect([client.wants(1), client.wants(2)]).toEqual([false, true]);
    void client.revalidate();
    expect(asked).toHaveLength(2);
  });

  it('ends the stream when he may not listen any more, and not when nobody can say', async () => {
    const { asked, client, ended } = listen();
    const away = client.revalidate();
    asked[0]?.reject(new AppError('unavailable', 'the database is away'));
    await away;
    expect([ended, client.wants(1)]).toEqual([[], true]);
    const refused = client.revalidate();
    asked[1]?.reject(new AppError('unauthenticated', 'the session is over'));
    await refused;
    expect(ended).toEqual(['refused']);
  });
});
