import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SocketReader } from '../socket-reader.fixture.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
const readers: SocketReader[] = [];
beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://127.0.0.1:18554/camera' });
  await raise('cpu_high', 'active');
});
afterAll(() => nvr.stop());
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

async function listen(path: string, headers: Record<string, string> = { authorization: `Bearer ${nvr.token}` }): Promise<SocketReader> {
  const reader = await SocketReader.open(`${nvr.url}/api/v1/events/${path}`, headers);
  readers.push(reader);
  await reader.until(({ messages }) => messages.length > 0);
  return reader;
}

const description = 'as this spec says';

/** As the machine's watch of some process writes it. */
function raise(eventType: string, eventState: 'active' | 'inactive') {
  const severity = eventType.startsWith('disk') ? 'critical' : 'warning';
  return nvr.database.systemEvent.create({
    data: { host: 'north', eventType, eventState, severity, description, data: {}, occurredAt: new Date(1_700_000_000_000) },
  });
}

type Frame = { event_type: string; task?: string; payload?: { state: string; description: string } };
/** Without those of the process itself, which watches the machine that this runs on. */
const alertsOf = (reader: SocketReader) =>
  (reader.messages as unknown as Frame[]).filter(({ payload }) => payload?.description === description);
const heard = (reader: SocketReader, count: number) => reader.until(() => alertsOf(reader).length === count);

describe("what is the matter with the machine, on OpenNVR's WebSocket", () => {
  it('is told to administrators as it is written, begin and end, and without a camera', async () => {
    const reader = await listen('ws');
    await raise('disk_low', 'active');
    await raise('disk_low', 'inactive');
    await heard(reader, 2);
    expect(alertsOf(reader)).toEqual(
      ['active', 'inactive'].map((state) => ({
        event_type: 'system_alert',
        task: 'disk_low',
        timestamp: 1_700_000_000_000,
        payload: {
          host: 'north',
          state,
          severity: 'critical',
          description,
          occurred_at: '2023-11-14T22:13:20.000Z',
        },
      })),
    );
  });

  it('is told by its kind, where tasks are asked for, and not to who asks for one camera', async () => {
    const [ofMemory, ofCamera, all] = [await listen('ws?task=memory_high'), await listen('ws?camera_id=1'), await listen('ws')];
    for (const kind of ['cpu_high', 'memory_high']) await raise(kind, 'active');
    await heard(all, 2);
    await heard(ofMemory, 1);
    expect([alertsOf(ofMemory).map(({ task }) => task), alertsOf(ofCamera)]).toEqual([['memory_high'], []]);
  });

  it('is for nobody else: no other user, no key, no other stream; and ends with the right', async () => {
    const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    const [viewer, former] = await Promise.all(
      ['viewer', 'former'].map((username) =>
        nvr.database.user.create({ data: { username, passwordHash, ...(username === 'former' && { roleId: 1, isSuperuser: true }) } }),
      ),
    );
    await nvr.database.cameraGrant.create({ data: { userId: viewer!.id, cameraId: 1 } });
    const tokenOf = (username: string) => logIn(nvr.url, { username, password: adminPassword });
    const made = await nvr.fetch('/api/v1/api-keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'k', scopes: ['events:read'], camera_ids: 'all' }),
    });
    const { key } = (await made.json()) as { key: string };
    const admin = await listen('ws');
    const others = [
      await listen('ws', { authorization: `Bearer ${await tokenOf('viewer')}` }),
      await listen('ws', { 'x-api-key': key }),
      await listen('stream'),
    ];
    const formerReader = await listen('ws', { authorization: `Bearer ${await tokenOf('former')}` });
    await raise('cpu_high', 'active');
    await Promise.all([admin, formerReader].map((reader) => heard(reader, 1)));
    const demoted = await nvr.fetch(`/api/v1/users/${former!.id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role_id: 3 }),
    });
    expect(await demoted.json()).toMatchObject({ role_id: 3 });
    await formerReader.until(({ closedWith }) => closedWith === 1008);
    await raise('cpu_high', 'inactive');
    await heard(admin, 2);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(others.map((reader) => reader.messages.filter((message) => JSON.stringify(message).includes(description)))).toEqual([
      [],
      [],
      [],
    ]);
    expect(alertsOf(formerReader).length).toBe(1);
  });
});
