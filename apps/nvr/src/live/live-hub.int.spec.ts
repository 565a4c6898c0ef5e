import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openNvrDatabase } from '@nightjar/database';
import { FakeClock, sleep, type Logger } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import type { ApiConfig } from '../config.js';
import { EventsStore } from '../events/events.store.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { LiveClient } from './live-client.js';
import { LiveHub } from './live-hub.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

it('rows that cannot be read are warned of once, and again when they could be read in between', async () => {
  const warnings: string[] = [];
  const logger = { warn: (message: string) => warnings.push(message) } as unknown as Logger;
  // Nobody listens there.
  const away = openNvrDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none', connectionsMax: 1 });
  const [there, gone] = [new EventsStore(nvr.database), new EventsStore(away)];
  let rows = there;
  const looks: string[] = [];
  const events = {
    listAfter: async (...query: Parameters<EventsStore['listAfter']>) => {
      const from = rows;
      try {
        return await from.listAfter(...query);
      } finally {
        looks.push(from === there ? 'there' : 'away');
      }
    },
  } as unknown as EventsStore;
  const hub = new LiveHub(events, logger, { liveBeatMs: 60_000 } as ApiConfig);
  const connection = {
    isOpen: true,
    send: () => true,
    keepAlive: () => undefined,
    end: () => undefined,
    destroy: () => undefined,
    whenRoom: () => undefined,
    whenClosed: () => undefined,
  };
  const filter = { cameraIds: undefined, notifications: true, overlays: false, systemAlerts: false, cameraStatus: false };
  hub.add(new LiveClient({ connection, filter, afterSeq: 0, clock: new FakeClock(), revalidate: () => Promise.resolve(filter) }), 0);
  const look = async (from: EventsStore) => {
    rows = from;
    const before = looks.length;
    hub.wake();
    // One that had begun before may end first.
    await until(() => looks.slice(before).includes(from === there ? 'there' : 'away'));
    await sleep(20);
  };
  for (let round = 0; round < 4; round++) await look(gone);
  expect(warnings).toEqual(['notifications cannot be read, it is tried again']);
  await look(there);
  for (let round = 0; round < 3; round++) await look(gone);
  expect(warnings).toHaveLength(2);
  await hub.onModuleDestroy();
  const before = looks.length;
  hub.wake();
  await sleep(50);
  expect(looks).toHaveLength(before);
  await away.$disconnect();
});
