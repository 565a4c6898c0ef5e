import os from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { jsonRequest } from '../playback/recorded-time.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import type { ResourceAlert } from './resource-history.js';
import { SystemEvents } from './system-events.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const get = async (pathname: string) => {
  const answer = await nvr.fetch(`/api/v1/system/${pathname}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('what is the matter with the machine', () => {
  it('is written when it begins, when it goes on for long, and when it is over: once each, by however many processes', async () => {
    const minuteMs = 60_000;
    const clock = new FakeClock(Date.UTC(2026, 5, 1, 12));
    const [one, other] = [new SystemEvents(nvr.database, clock), new SystemEvents(nvr.database, clock)];
    const busy: ResourceAlert[] = [{ alert_type: 'cpu_high', since: '2026-06-01T11:58:00.000Z' }];
    const note = (alerts: ResourceAlert[], repeatMinutes = 60) =>
      Promise.all([one, other].map((events) => events.note({ host: 'north', alerts, repeatMinutes })));
    await note([]);
    await note(busy);
    clock.advance(59 * minuteMs);
    await note(busy);
    clock.advance(minuteMs);
    await note(busy);
    clock.advance(600 * minuteMs);
    await note(busy, 0);
    await note([]);
    await note([]);
    const { body } = await get('events?event_type=cpu_high');
    expect(body).toEqual({
      events: [
        expect.objectContaining({ event_state: 'inactive', occurred_at: '2026-06-01T23:00:00.000Z' }),
        expect.objectContaining({ event_state: 'active', occurred_at: '2026-06-01T13:00:00.000Z' }),
        {
          ...{ id: expect.any(Number), host: 'north', event_type: 'cpu_high', event_state: 'active', severity: 'warning' },
          ...{ description: 'the CPU is busy, since 2026-06-01T11:58:00.000Z', data: { since: '2026-06-01T11:58:00.000Z' } },
          occurred_at: '2026-06-01T12:00:00.000Z',
        },
      ],
      total: 3,
    });
    expect((await get('events?event_type=cpu_high&event_state=active&limit=1')).body).toMatchObject({ events: [{}], total: 2 });
    for (const query of ['limit=0', 'event_type=x', 'event_state=over']) expect((await get(`events?${query}`)).status).toBe(422);
  });

  it('is what each host says of itself: one whose disk is full and one whose disk is not do not contradict each other', async () => {
    const events = new SystemEvents(nvr.database, new FakeClock(Date.UTC(2026, 6, 1, 12)));
    const full: ResourceAlert[] = [{ alert_type: 'disk_low', since: '2026-07-01T12:00:00.000Z' }];
    const rounds = async (ofWest: ResourceAlert[], ofEast: ResourceAlert[]) => {
      for (let round = 0; round < 3; round++)
        for (const [host, alerts] of [['west', ofWest] as const, ['east', ofEast] as const])
          await events.note({ host, alerts, repeatMinutes: 60 });
      const { body } = await get('events?event_type=disk_low');
      const found = body['events'] as { host: string; event_state: string }[];
      // Without those of the machine that this runs on, which the NVR watches.
      return found.filter(({ host }) => ['west', 'east'].includes(host)).map(({ event_state, host }) => `${host} ${event_state}`);
    };
    expect(await rounds(full, [])).toEqual(['west active']);
    expect(await rounds(full, full)).toEqual(['east active', 'west active']);
    expect(await rounds([], full)).toEqual(['west inactive', 'east active', 'west active']);
    expect((await get('resources')).body).toMatchObject({ scope: 'host', host: os.hostname() });
  });

  it('is what an admin decides, which is written in the audit log', async () => {
    const defaults = {
      ...{ enabled: true, cpu_percent_threshold: 90, memory_percent_threshold: 90, sustained_seconds: 120, disk_min_free_gb: null },
      ...{ disk_used_percent_threshold: 90, resolve_hysteresis_percent: 5, notify_integrations: false, renotify_cooldown_minutes: 60 },
    };
    expect((await get('monitoring-settings')).body).toEqual(defaults);
    const put = (body: unknown) => nvr.fetch('/api/v1/system/monitoring-settings', jsonRequest('PUT', body));
    const change = { cpu_percent_threshold: 75, sustained_seconds: 15, disk_min_free_gb: 2.5 };
    expect(await (await put({ ...defaults, ...change })).json()).toEqual({ ...defaults, ...change });
    expect(await (await put({ disk_min_free_gb: null })).json()).toEqual({ ...defaults, ...change, disk_min_free_gb: null });
    for (const refused of [
      { cpu_percent_threshold: 0 },
      { sustained_seconds: 14 },
      { notify_integrations: true },
      { color: 1 },
      { enabled: 'no' },
    ])
      expect([refused, (await put(refused)).status]).toEqual([refused, 422]);
    expect((await get('resources')).body).toMatchObject({ thresholds: { cpu_percent_threshold: 75, sustained_seconds: 15 } });
    const entry = await nvr.database.auditEntry.findFirstOrThrow({
      where: { action: 'monitoring_policy.changed' },
      orderBy: { id: 'asc' },
    });
    expect(entry.details).toMatchObject({ cpuPercent: 75 });
  });
});
