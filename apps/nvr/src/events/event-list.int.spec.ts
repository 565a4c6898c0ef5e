import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ListedEventView } from '@nightjar/contracts';
import { z } from 'zod';
import { EventListStore } from './event-list.store.js';
import type { EventsCursor } from './events-query.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const Page = z.object({ events: z.array(ListedEventView), count: z.number(), next_cursor: z.string().nullable() });
type Page = z.infer<typeof Page>;

const noonUnix = Date.UTC(2026, 0, 1, 12) / 1_000;
const at = (seconds: number) => new Date((noonUnix + seconds) * 1_000);

let nvr: TestNvr;
let ownerToken: string;
let grantedToken: string;
const cameraIds: number[] = [];

beforeAll(async () => {
  nvr = await startTestNvr();
  const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
  const [owner, granted] = [
    await nvr.database.user.create({ data: { username: 'owner', passwordHash } }),
    await nvr.database.user.create({ data: { username: 'granted', passwordHash } }),
  ];
  for (const name of ['yard', 'hall', 'gone']) {
    const camera = await nvr.database.camera.create({
      data: {
        framesName: name,
        name,
        rtspUrl: `rtsp://10.0.0.1/${name}`,
        ownerId: owner.id,
        deletedAt: name === 'gone' ? new Date() : null,
      },
    });
    cameraIds.push(camera.id);
  }
  await nvr.database.cameraGrant.create({ data: { userId: granted.id, cameraId: cameraIds[0]! } });
  const event = { source: 'tier0', eventType: 'track', payload: {} } as const;
  await nvr.database.event.createMany({
    data: [
      // Pairs that start at the same moment: the id decides between them.
      ...Array.from({ length: 40 }, (_, index) => ({
        ...event,
        cameraId: cameraIds[index % 2]!,
        trackId: `person-${index}`,
        label: 'person',
        score: 0.5 + index / 100,
        startedAt: at(Math.floor(index / 2) * 10),
        endedAt: at(Math.floor(index / 2) * 10 + 5),
      })),
      { ...event, cameraId: cameraIds[0]!, trackId: 'parked', label: 'car', score: 0.9, startedAt: at(-5_000), endedAt: at(102) },
      { ...event, cameraId: cameraIds[0]!, trackId: 'left-open', label: 'car', score: 0.4, startedAt: at(-4_000) },
      {
        ...event,
        cameraId: cameraIds[1]!,
        trackId: null,
        label: null,
        score: null,
        source: 'camera',
        eventType: 'alarm',
        startedAt: at(1),
      },
      {
        ...event,
        cameraId: cameraIds[1]!,
        trackId: 'seen',
        label: 'dog',
        score: 0.8,
        startedAt: at(2),
        endedAt: at(3),
        evidenceFile: 'a.jpg',
        plateText: 'BAB1234',
      },
      { ...event, cameraId: cameraIds[2]!, trackId: 'of-deleted', label: 'person', score: 0.9, startedAt: at(3) },
    ],
  });
  [ownerToken, grantedToken] = [await logInAs('owner'), await logInAs('granted')];
});
afterAll(() => nvr.stop());

const logInAs = (username: string) => logIn(nvr.url, { username, password: adminPassword });

async function list(query: string, token = nvr.token): Promise<Page> {
  const answer = await fetch(`${nvr.url}/api/v1/events${query}`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  return Page.parse(await answer.json());
}

const tracksOf = ({ events }: Page) => events.map(({ track_id }) => track_id);

describe('the list of events, page by page', () => {
  it('is newest start first and holds each event once, whatever the size of a page', async () => {
    const whole = await list('?limit=500');
    expect([whole.count, whole.next_cursor]).toEqual([44, null]);
    const order = whole.events.map(({ id, started_at }) => [Date.parse(started_at), id] as const);
    expect(order).toEqual([...order].sort((a, b) => b[0] - a[0] || b[1] - a[1]));
    for (const [limit, token] of [
      [1, nvr.token],
      [7, ownerToken],
      [44, nvr.token],
    ] as const) {
      const read: (string | null)[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Page = await list(`?limit=${limit}&cursor=${cursor}`.replace(/&cursor=$/, ''), token);
        read.push(...tracksOf(page));
        cursor = page.next_cursor;
      }
      expect(read).toEqual(tracksOf(whole));
    }
  });

  it.each([
    ['a range in which something begins', '', `from=${noonUnix + 21}&to=${noonUnix + 52}`, 9],
    ['a range before which all began', '', `from=${noonUnix + 101.5}&to=${noonUnix + 102}`, 3],
    ['a range of one camera', '&camera_id=yard', `from=${noonUnix - 4_500}&to=${noonUnix + 11}`, 4],
    ['a range of a label', '&label=car', `from=${noonUnix - 4_000}`, 2],
  ])('holds each event of %s once, page by page', async (_name, more, range, count) => {
    const whole = await list(`?${range}${more}`);
    expect([whole.count, whole.next_cursor]).toEqual([count, null]);
    for (const limit of [1, 2, 3, count]) {
      const read: (string | null)[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Page = await list(`?${range}${more}&limit=${limit}&cursor=${cursor}`.replace(/&cursor=$/, ''));
        read.push(...tracksOf(page));
        cursor = page.next_cursor;
      }
      expect(read).toEqual(tracksOf(whole));
    }
  });

  it('goes on where it was when events begin meanwhile', async () => {
    const whole = await list('?limit=500&label=person');
    const first = await list('?limit=10&label=person');
    const row = { cameraId: cameraIds[0]!, trackId: 'new', label: 'person', source: 'tier0', eventType: 'track' } as const;
    const { id } = await nvr.database.event.create({ data: { ...row, startedAt: at(9_000) } });
    const second = await list(`?limit=10&label=person&cursor=${first.next_cursor}`);
    await nvr.database.event.deleteMany({ where: { id } });
    expect([...tracksOf(first), ...tracksOf(second)]).toEqual(tracksOf(whole).slice(0, 20));
  });

  it('links to the next page with the filters of this one, and from the last to none', async () => {
    const answer = await nvr.fetch('/api/v1/events?label=person&limit=39&camera_id=yard&camera_id=hall');
    const next = /^<(\/api\/v1\/events\?.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
    const last = await nvr.fetch(next);
    expect(tracksOf(Page.parse(await last.json()))).toEqual(['person-0']);
    expect(last.headers.get('link')).toBeNull();
  });
});

describe('a filter of the list', () => {
  it.each([
    ['?label=dog', ['seen']],
    ['?source=camera', [null]],
    ['?event_type=alarm', [null]],
    ['?has_evidence=true', ['seen']],
    ['?min_score=0.88', ['person-39', 'person-38', 'parked']],
    ['?label=car&min_score=0.5', ['parked']],
    ['?camera_id=hall&from=1767268800&to=1767268803', ['seen', null, 'person-1']],
    ['?from=2026-01-01T12:03:10Z', ['person-39', 'person-38']],
    ['?from=2026-01-01T13:03:10.000%2B01:00&camera_id=yard', ['person-38']],
    ['?has_evidence=false&label=dog', []],
    ['?source=tier0&event_type=track&label=dog', ['seen']],
    ['?plate=BAB1234', ['seen']],
    ['?plate=%20ab%2012%20', ['seen']],
    ['?plate=AB12&camera_id=hall&from=2026-01-01', ['seen']],
    ['?plate=B_1', []],
    ['?plate=ABC123', []],
    ['?from=2026-01-01T12:03:10', ['person-39', 'person-38']],
    ['?from=2026-01-01T12:03:10.000000&to=2026-01-02&camera_id=yard', ['person-38']],
    ['?from=2026-01-02', []],
  ])('%s finds its events and no others', async (query, tracks) => {
    expect(tracksOf(await list(query))).toEqual(tracks);
  });

  it('of time finds what was going on, also from long before, and what has no end only where it started', async () => {
    expect(tracksOf(await list(`?from=${noonUnix + 101.5}&to=${noonUnix + 109}`))).toEqual(['person-21', 'person-20', 'parked']);
    expect(tracksOf(await list(`?from=${noonUnix + 103}&to=${noonUnix + 109}`))).toEqual(['person-21', 'person-20']);
    expect(tracksOf(await list(`?from=${noonUnix - 4_001}&to=${noonUnix - 3_000}`))).toEqual(['left-open', 'parked']);
    expect(tracksOf(await list(`?from=${noonUnix - 3_999}&to=${noonUnix - 3_000}`))).toEqual(['parked']);
  });

  it('gives a page of 500 at most to who asks for more, as OpenNVR does, and of one to who asks for none', async () => {
    expect([(await list('?camera_id=yard&limit=501')).count, (await list('?camera_id=yard&limit=0')).count]).toEqual([22, 1]);
  });

  it('takes a camera that is named twice once', async () => {
    expect((await list('?camera_id=yard&camera_id=yard&limit=500')).count).toBe(22);
  });

  it.each([
    '?limit=x',
    '?source=nobody',
    '?event_type=x',
    '?min_score=2',
    '?has_evidence=maybe',
    '?from=yesterday',
    '?from=1767268800000',
    '?from=20&to=20',
    '?cursor=x',
    '?cursor=WzEsMl0x',
    '?cursor=WzFlMzAwLDFd',
    '?label=a&label=b',
    '?label=%00',
    '?plate=a&plate=b',
    '?from=2026-02-30',
  ])('%s that is not valid is 422', async (query) => {
    expect((await nvr.fetch(`/api/v1/events${query}`)).status).toBe(422);
  });
});

describe('who may see which events', () => {
  it('is decided by camera: the owner, who it was granted to, nobody else, and none of a deleted camera', async () => {
    expect((await list('?limit=500', ownerToken)).count).toBe(44);
    const granted = await list('?limit=500', grantedToken);
    expect([granted.count, new Set(granted.events.map(({ camera_id }) => camera_id))]).toEqual([22, new Set([cameraIds[0]])]);
  });

  it.each(['hall', 'gone', '4711'])('hides that there is a camera %s from somebody who may not see it', async (camera) => {
    const answer = await fetch(`${nvr.url}/api/v1/events?camera_id=${camera}`, { headers: { authorization: `Bearer ${grantedToken}` } });
    expect(answer.status).toBe(404);
  });

  it('ends with the grant', async () => {
    await nvr.database.cameraGrant.deleteMany({});
    expect((await list('?limit=500', grantedToken)).count).toBe(0);
  });
});

describe('a filter that hardly any event passes', () => {
  it.each([
    ['all cameras as one', undefined],
    ['cameras one by one', [0, 1]],
  ])('is answered in pages of what a few rows held, which together are the whole list: %s', async (_name, places) => {
    const store = new EventListStore(nvr.database);
    const cameras = places?.map((place) => cameraIds[place]!);
    const inRange = { from: at(11), to: at(200), minScore: 0.85 };
    for (const filter of [{ minScore: 0.85 }, { minScore: 1 }, { hasEvidence: true }, { label: 'person', minScore: 0.7 }, inRange]) {
      const asked = { cameraIds: cameras, filter, limit: 3, userId: undefined };
      const whole = await store.list({ ...asked, limit: 500, lookedAtMax: 1_000 });
      const read: number[] = [];
      let pages = 0;
      for (let cursor: EventsCursor | undefined, isOver = false; !isOver; pages++) {
        const { events, lookedUpTo } = await store.list({ ...asked, cursor, lookedAtMax: 6 });
        read.push(...events.map(({ id }) => id));
        const last = events.length === 3 ? events.at(-1) : undefined;
        cursor = last ? { startedAtUnixMs: last.startedAt.getTime(), id: last.id } : lookedUpTo;
        isOver = cursor === undefined;
      }
      expect(whole.lookedUpTo).toBeUndefined();
      expect(read).toEqual(whole.events.map(({ id }) => id));
      expect(pages).toBeGreaterThan(5);
    }
  });
});
