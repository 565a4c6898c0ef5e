import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventCommitted, EventView, reportEvent, type EventReport } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const startedAtMs = Date.UTC(2026, 0, 1, 12);
const jpeg = (content: number) => Buffer.from([0xff, 0xd8, 0xff, content]);

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://127.0.0.1:18554/camera' });
  await mkdir(path.join(nvr.config.framesDir, 'camera_0'));
});
afterAll(() => nvr.stop());

function report(changes: Partial<EventReport> = {}): Promise<{ event_id: number; seq: number }> {
  const opened: EventReport = {
    camera_id: 1,
    label: 'person',
    score: 0.87654,
    track_id: 'a-1',
    started_at_unix_ms: startedAtMs,
    ended_at_unix_ms: null,
    frame_file: null,
    payload: { bbox: [1, 2, 3, 4] },
  };
  return nvr.bus.request(reportEvent, { ...opened, ...changes }, { timeoutMs: 60_000 });
}

async function latest(query = ''): Promise<{ events: EventView[]; count: number }> {
  return (await nvr.fetch(`/api/v1/events/latest${query}`)).json() as Promise<{ events: EventView[]; count: number }>;
}

const putFrame = (file: string, content: number) => writeFile(path.join(nvr.config.framesDir, 'camera_0', file), jpeg(content));

describe('a report of an event', () => {
  it('is a row also where the disk takes no picture', async () => {
    await putFrame('event_full.jpg', 7);
    const ofCamera = path.join(nvr.config.evidenceDir, '70c75b04-1ec8-4aa1-930c-ddad9e47b54b');
    await mkdir(nvr.config.evidenceDir, { recursive: true });
    await writeFile(ofCamera, 'a file in the way');
    try {
      const { event_id } = await report({ track_id: 'full-1', frame_file: 'event_full.jpg', ended_at_unix_ms: startedAtMs + 1 });
      const row = await nvr.database.event.findFirstOrThrow({ where: { id: event_id } });
      expect(row).toMatchObject({ evidenceFile: null, trackId: 'full-1' });
      await nvr.database.event.deleteMany({ where: { id: event_id } });
    } finally {
      await rm(ofCamera);
    }
  });

  it('is a row before it is answered, and is told to others', async () => {
    const told: number[] = [];
    nvr.bus.on(eventCommitted, ({ seq }) => void told.push(seq));
    const { event_id, seq } = await report();
    const { events } = await latest();
    expect(events.map((event) => EventView.parse(event))).toMatchObject([
      {
        id: event_id,
        camera_id: 1,
        source: 'tier0',
        event_type: 'track',
        label: 'person',
        score: 0.8765,
        track_id: 'a-1',
        started_at: '2026-01-01T12:00:00.000Z',
        ended_at: null,
        has_evidence: false,
        payload: { bbox: [1, 2, 3, 4] },
      },
    ]);
    await until(() => told.includes(seq));
  });

  it('changes nothing when it comes twice', async () => {
    expect(await report()).toEqual(await report());
  });

  it('that ends the event changes its row, with a new place in the order', async () => {
    const opened = await report();
    const closed = await report({ ended_at_unix_ms: startedAtMs + 5_000 });
    expect(closed.event_id).toBe(opened.event_id);
    expect(closed.seq).toBeGreaterThan(opened.seq);
    expect(await report()).toEqual(closed);
    expect((await latest()).events).toMatchObject([{ ended_at: '2026-01-01T12:00:05.000Z' }]);
  });

  it('has no end before its start, though the clock of its agent was set back in between', async () => {
    const track = { track_id: 'back-1', started_at_unix_ms: startedAtMs - 60_000 };
    await report(track);
    const { event_id } = await report({ ...track, ended_at_unix_ms: startedAtMs - 90_000 });
    const { endedAt, startedAt } = await nvr.database.event.findFirstOrThrow({ where: { id: event_id } });
    expect(endedAt).toEqual(startedAt);
    await nvr.database.event.deleteMany({ where: { id: event_id } });
  });

  it('for an unknown camera is refused', async () => {
    await expect(report({ camera_id: 77 })).rejects.toMatchObject({ code: 'not_found' });
    await expect(report({ camera_id: 77, frame_file: 'a.jpg' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('keeps what an analytic saw as an alert', async () => {
    const { event_id } = await report({ track_id: 'a-intrusion-1', label: 'intrusion', event_type: 'alert' });
    await report({ track_id: 'a-intrusion-1', label: 'intrusion', event_type: 'alert', ended_at_unix_ms: startedAtMs + 2_000 });
    const row = await nvr.database.event.findFirst({ where: { id: event_id } });
    expect(row).toMatchObject({ eventType: 'alert', source: 'tier0', label: 'intrusion', endedAt: new Date(startedAtMs + 2_000) });
  });

  it('keeps its picture, also when the agent writes over the file', async () => {
    await putFrame('person.jpg', 1);
    const { event_id } = await report({ track_id: 'a-2', started_at_unix_ms: startedAtMs + 1, frame_file: 'person.jpg' });
    await putFrame('person.jpg', 2);
    const { events } = await latest('?limit=1');
    expect(events[0]).toMatchObject({ has_evidence: true, evidence_url: `/api/v1/events/${event_id}/evidence` });
    const answer = await nvr.fetch(events[0]?.evidence_url ?? '');
    expect([answer.headers.get('content-type'), Buffer.from(await answer.arrayBuffer())]).toEqual(['image/jpeg', jpeg(1)]);
  });

  it('with a better score brings a better picture, and the old one goes', async () => {
    const { event_id } = await report({ track_id: 'a-2', started_at_unix_ms: startedAtMs + 1, frame_file: 'person.jpg', score: 0.95 });
    expect(Buffer.from(await (await nvr.fetch(`/api/v1/events/${event_id}/evidence`)).arrayBuffer())).toEqual(jpeg(2));
    await putFrame('person.jpg', 3);
    await report({ track_id: 'a-2', started_at_unix_ms: startedAtMs + 1, frame_file: 'person.jpg', score: 0.5 });
    expect(await readdir(path.join(nvr.config.evidenceDir, '70c75b04-1ec8-4aa1-930c-ddad9e47b54b'))).toHaveLength(1);
  });

  it('counts without its picture when that is missing or none', async () => {
    await writeFile(path.join(nvr.config.framesDir, 'camera_0', 'text.jpg'), 'hello');
    for (const [index, frame_file] of ['missing.jpg', 'text.jpg'].entries()) {
      const { event_id } = await report({ track_id: `a-3${index}`, frame_file });
      expect((await nvr.fetch(`/api/v1/events/${event_id}/evidence`)).status).toBe(404);
    }
  });

  it('takes its place in the order of commits, however many come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => report({ track_id: `burst-${index}`, started_at_unix_ms: startedAtMs - 1_000 - index })),
    );
    expect(new Set(answers.map(({ seq }) => seq)).size).toBe(40);
    expect(new Set(answers.map(({ event_id }) => event_id)).size).toBe(40);
  });

  it('is written though one that came at the same time is refused', async () => {
    const answers = await Promise.allSettled(
      [{ payload: { name: 'a\0b' } }, {}, { camera_id: 77 }, { payload: { name: 'good' } }].map((changes, index) =>
        report({ track_id: `beside-${index}`, ...changes }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(answers[2]).toMatchObject({ reason: { code: 'not_found' } });
    expect(await nvr.database.event.count({ where: { trackId: { startsWith: 'beside-' } } })).toBe(2);
  });

  it('is one event, of the best score and with its end, when many reports of it come at once', async () => {
    const answers = await Promise.all(
      [0.5, 0.7, 0.6].flatMap((score) => [
        report({ track_id: 'at-once', score }),
        report({ track_id: 'at-once', score: 0.4, ended_at_unix_ms: startedAtMs + 3_000 }),
      ]),
    );
    expect(new Set(answers.map(({ event_id }) => event_id)).size).toBe(1);
    const rows = await nvr.database.event.findMany({ where: { trackId: 'at-once' } });
    expect(rows).toMatchObject([{ score: 0.7, endedAt: new Date(startedAtMs + 3_000) }]);
  });
});

describe('the list of events', () => {
  it('is newest first, bounded, and by camera when asked', async () => {
    const { count, events } = await latest('?limit=3');
    expect([count, events.length]).toEqual([3, 3]);
    const times = events.map((event) => Date.parse(event.started_at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect((await latest('?camera_id=cam1&camera_id=camera_0&limit=500')).count).toBeGreaterThan(40);
  });

  it.each([
    ['?limit=0', 422],
    ['?limit=501', 422],
    ['?limit=many', 422],
    ['?camera_id=99', 404],
  ])('answers %s with %i', async (query, status) => {
    expect((await nvr.fetch(`/api/v1/events/latest${query}`)).status).toBe(status);
  });

  it.each(['0', '-1', 'x', '99999999999999999999', '1;drop'])('has no picture of the event %s', async (id) => {
    expect((await nvr.fetch(`/api/v1/events/${id}/evidence`)).status).toBe(404);
  });
});
