import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let viewerToken: string;
let ownId: number;
let otherId: number;

beforeAll(async () => {
  nvr = await startTestNvr();
  const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
  const viewer = await nvr.database.user.create({ data: { username: 'viewer', passwordHash } });
  [ownId, otherId] = [await createEvent('own', viewer.id), await createEvent('other', null)];
  viewerToken = await logIn(nvr.url, { username: 'viewer', password: adminPassword });
});
afterAll(() => nvr.stop());

async function createEvent(name: string, ownerId: number | null): Promise<number> {
  const camera = await nvr.database.camera.create({ data: { framesName: name, name, rtspUrl: `rtsp://10.0.0.1/${name}`, ownerId } });
  const event = { cameraId: camera.id, source: 'tier0', eventType: 'track', startedAt: new Date() } as const;
  return Number((await nvr.database.event.create({ data: event })).id);
}

function call(method: string, path: string, options: { token?: string; body?: unknown } = {}): Promise<Response> {
  const { body, token = viewerToken } = options;
  return fetch(`${nvr.url}/api/v1/events${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function reviewedIds(token: string, query = ''): Promise<number[]> {
  const { events } = (await (await call('GET', query, { token })).json()) as { events: { id: number; reviewed: boolean }[] };
  return events.filter(({ reviewed }) => reviewed).map(({ id }) => id);
}

describe('a review', () => {
  it('is kept for the user who made it, in every list, until he takes it back', async () => {
    for (let times = 0; times < 2; times++) {
      const answer = await call('PUT', `/${ownId}/review`);
      expect([answer.status, await answer.json()]).toEqual([200, { id: ownId, reviewed: true }]);
    }
    expect(await reviewedIds(viewerToken)).toEqual([ownId]);
    expect(await reviewedIds(viewerToken, '/latest')).toEqual([ownId]);
    expect(await reviewedIds(nvr.token)).toEqual([]);
    for (let times = 0; times < 2; times++) expect((await call('DELETE', `/${ownId}/review`)).status).toBe(204);
    expect(await reviewedIds(viewerToken)).toEqual([]);
  });

  it('of many events marks those that may be seen and names the others', async () => {
    const answer = await call('POST', '/review', { body: { ids: [ownId, otherId, 4_711, ownId] } });
    expect([answer.status, await answer.json()]).toEqual([200, { ids: [ownId], reviewed: true, not_found: [otherId, 4_711] }]);
    expect(await nvr.database.eventReview.count()).toBe(1);
    const all = await call('POST', '/review', { body: { ids: [ownId, otherId] }, token: nvr.token });
    expect(await all.json()).toEqual({ ids: [ownId, otherId], reviewed: true, not_found: [] });
    await call('POST', '/review', { body: { ids: [ownId], reviewed: false }, token: nvr.token });
    expect(await reviewedIds(nvr.token)).toEqual([otherId]);
    expect(await reviewedIds(viewerToken)).toEqual([ownId]);
  });

  it('sorts the list into what was looked at and what was not', async () => {
    const idsOf = async (query: string) => {
      const { events } = (await (await call('GET', query, { token: nvr.token })).json()) as { events: { id: number }[] };
      return events.map(({ id }) => id);
    };
    expect([await idsOf('?reviewed=true'), await idsOf('?reviewed=false')]).toEqual([[otherId], [ownId]]);
  });

  it('of an event that is not there, not to be seen or no event is 404', async () => {
    for (const id of ['4711', String(otherId), '0', 'x', '999999999999999999'])
      for (const method of ['PUT', 'DELETE']) expect([id, (await call(method, `/${id}/review`)).status]).toEqual([id, 404]);
  });

  it.each([
    {},
    { ids: [] },
    { ids: Array.from({ length: 501 }, (_, index) => index + 1) },
    { ids: ['1'] },
    { ids: [0] },
    { ids: [1.5] },
    { ids: [1], reviewed: 1 },
    { ids: [1], more: true },
  ])('with a body that is not valid is 422: %#', async (body) => {
    expect((await call('POST', '/review', { body })).status).toBe(422);
  });

  it('goes with its event', async () => {
    await nvr.database.event.deleteMany({ where: { id: otherId } });
    expect(await nvr.database.eventReview.count({ where: { eventId: otherId } })).toBe(0);
  });
});
