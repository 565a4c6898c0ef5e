import { describe, expect, it } from '@jest/globals';
import type { EventView } from '@nightjar/contracts';
import { AppError, FakeClock } from '@nightjar/runtime';
import { LiveClient, type LiveFilter } from './live-client.js';
import type { LiveConnection } from './live-connection.js';
import { LiveMessage, type LiveContent } from './live-message.js';

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
  const written: LiveContent[] = [];
  let hasRoom = true;
  const connection: LiveConnection = {
    isOpen: true,
    send: ({ content }) => {
      written.push(content);
      return hasRoom;
    },
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
  return { client, asked, ended, written, fill: () => (hasRoom = false) };
}

const notificationOf = (seq: number) => new LiveMessage({ event: 'notification', id: seq, data: {} as EventView });

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

describe('the position that a live client is told', () => {
  const idsOf = (written: readonly LiveContent[]) => written.map((content) => [content.event, 'id' in content && content.id]);

  it('moves on with what is none of its cameras, once for each place', () => {
    const { client, written } = listen();
    client.cursor.endPage({ complete: true, liveSeqBefore: 3, liveSeqNow: 3 });
    client.beat(3);
    client.beat(3);
    client.offerNotification({ seq: 4, cameraId: 1, message: notificationOf(4) });
    client.beat(4);
    client.beat(9);
    expect(idsOf(written)).toEqual([
      ['position', 3],
      ['notification', 4],
      ['position', 9],
    ]);
  });

  it('is never beyond what it has, though others are further', () => {
    const { client, fill, written } = listen();
    client.beat(9);
    client.cursor.takeReplayed(5);
    client.beat(9);
    fill();
    client.write(notificationOf(6));
    client.beat(9);
    expect(idsOf(written)).toEqual([
      ['position', 5],
      ['notification', 6],
    ]);
  });
});
