import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addCamera, addViewer, jsonRequest, type TestCameraRow } from '../playback/recorded-time.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let yard: TestCameraRow;
let shed: TestCameraRow;
let viewer: string;
beforeAll(async () => {
  nvr = await startTestNvr();
  yard = await addCamera(nvr, 'yard', 1);
  shed = await addCamera(nvr, 'shed', 2);
  viewer = await addViewer(nvr, { username: 'vera', cameras: [shed] });
  // The night in which Berlin puts its clocks back: 2026-10-25 lasts from 22:00Z to 23:00Z of the next day.
  await row(yard, '2026-10-24T21:59:30Z', 60);
  await row(yard, '2026-10-24T22:00:30Z', 60);
  await row(yard, '2026-10-25T22:59:00Z', 90);
  await row(yard, '2026-10-27T12:00:00Z', 60);
});
afterAll(() => nvr.stop());

let files = 0;
async function row(camera: TestCameraRow, start: string, seconds: number, open = false): Promise<void> {
  const startsAt = new Date(start);
  const endsAt = new Date(startsAt.getTime() + seconds * 1_000);
  const file = `${camera.uuid}/2026-10-25/${1_700_000_000_000 + files++}.mp4`;
  await nvr.database.segment.create({ data: { cameraId: camera.id, file, startsAt, endsAt, sizeBytes: 1_000, videoCodec: 'h264', open } });
}

async function get(pathname: string): Promise<Record<string, unknown>> {
  const answer = await nvr.fetch(`/api/v1/recordings/${pathname}`);
  expect([pathname, answer.status]).toEqual([pathname, 200]);
  return (await answer.json()) as Record<string, unknown>;
}

const status = async (pathname: string, init: RequestInit = {}) => (await nvr.fetch(`/api/v1/recordings/${pathname}`, init)).status;

describe('the time line of a day', () => {
  it('is that of a time zone, with what reaches into it, and joins files that meet', async () => {
    expect(await get(`segments/${yard.id}?date=2026-10-25&tz=Europe/Berlin`)).toEqual({
      segments: [
        {
          start: '2026-10-24T22:00:00.000Z',
          duration: 90,
          playback_url: `/api/v1/recordings/${yard.id}/clip.mp4?start_unix=1792879200&end_unix=1792879290`,
        },
        { start: '2026-10-25T22:59:00.000Z', duration: 60, playback_url: expect.any(String) },
      ],
      camera_id: yard.id,
      camera_name: 'yard',
      path: `cam-${yard.id}`,
      date: '2026-10-25',
      total_duration: 150,
      segment_count: 2,
      playback_base_url: '/api/v1/recordings',
      live_edge_start: null,
    });
  });

  it('may be any range instead, and says where the live edge begins', async () => {
    const start = new Date(Date.now() - 30_000);
    await row(shed, start.toISOString(), 25, true);
    const range = `start=${new Date(start.getTime() - 10_000).toISOString()}&end=${new Date(start.getTime() + 10_000).toISOString()}`;
    expect(await get(`segments/shed?${range}`)).toMatchObject({
      date: null,
      segment_count: 1,
      total_duration: 10,
      live_edge_start: start.toISOString(),
    });
  });

  it('takes a time without a zone for UTC, or for one of `tz`', async () => {
    const range = (hour: string) => `start=2026-10-${hour}:59:00&end=2026-10-${hour}:59:30`;
    for (const query of [`segments/${yard.id}?${range('25T22')}`, `segments/${yard.id}?${range('25T23')}&tz=Europe/Berlin`])
      expect([query, (await get(query)).segments]).toEqual([
        query,
        [expect.objectContaining({ start: '2026-10-25T22:59:00.000Z', duration: 30 })],
      ]);
    expect((await get(`segments/${yard.id}?${range('25T23')}`)).segments).toEqual([]);
  });

  it.each([
    ['of a date that is none', 'segments/yard?date=2026-02-30', 400],
    ['of a time zone that is none', 'segments/yard?date=2026-10-25&tz=Mars/Base', 422],
    ['without a range', 'segments/yard', 422],
    ['backwards', 'segments/yard?start=2026-10-25T00:00:00Z&end=2026-10-24T00:00:00Z', 422],
    ['of a camera that nobody knows', 'segments/nobody?date=2026-10-25', 404],
  ])('is refused when it is %s', async (_what, pathname, expected) => {
    expect(await status(pathname)).toBe(expected);
  });
});

describe('the calendar', () => {
  it('has the days with recordings, also where clocks change', async () => {
    const day = (date: string, total_duration: number, segment_count: number, first_start: string) => {
      const playback_url = `/api/v1/recordings/segments/${yard.id}?date=${date}&tz=Europe%2FBerlin`;
      return { date, total_duration, segment_count, first_start, playback_url };
    };
    expect(await get('calendar?camera_id=yard&month=2026-10&tz=Europe/Berlin')).toEqual({
      camera_id: yard.id,
      month: '2026-10',
      tz: 'Europe/Berlin',
      days: [
        day('2026-10-24', 30, 1, '2026-10-24T21:59:30.000Z'),
        day('2026-10-25', 150, 3, '2026-10-24T22:00:00.000Z'),
        day('2026-10-26', 30, 1, '2026-10-25T23:00:00.000Z'),
        day('2026-10-27', 60, 1, '2026-10-27T12:00:00.000Z'),
      ],
    });
    expect(await get('calendar?camera_id=yard&month=2026-09')).toMatchObject({ days: [], tz: 'UTC' });
    expect([await status('calendar?camera_id=yard&month=2026-13'), await status('calendar?month=2026-10')]).toEqual([422, 422]);
  });
});

describe('the list of recordings', () => {
  it('has each camera with its days, newest first, and totals', async () => {
    await row(yard, new Date(Date.now() - 3_600_000 * 48).toISOString(), 60);
    await row(yard, new Date(Date.now() - 3_600_000 * 24).toISOString(), 60);
    const list = await get('list?days=5');
    expect(list).toMatchObject({ total_cameras: 2, mediamtx_available: true });
    const [first] = list.cameras as { recordings: { date: string }[] }[];
    expect(first).toMatchObject({ camera_id: yard.id, path: `cam-${yard.id}`, total_duration: 120, recording_count: expect.any(Number) });
    expect(first?.recordings.map(({ date }) => date)).toEqual(
      first?.recordings
        .map(({ date }) => date)
        .sort()
        .reverse(),
    );
    expect(await get('list?camera_id=shed&days=5')).toMatchObject({ total_cameras: 1, total_duration: 25 });
    expect(await status('list?days=400')).toBe(422);
  });

  it('has deleted cameras instead, for admins', async () => {
    const attic = await addCamera(nvr, 'attic', 3);
    await row(attic, new Date(Date.now() - 3_600_000).toISOString(), 60);
    expect(await get('list?deleted_only=true')).toMatchObject({ total_cameras: 0 });
    await nvr.fetch(`/api/v1/cameras/${attic.id}`, { method: 'DELETE' });
    const deleted = await get('list?deleted_only=true');
    expect(deleted).toMatchObject({ total_cameras: 1, cameras: [{ camera_id: attic.id, recordings: [{ playback_url: null }] }] });
    expect(await get(`list?deleted_only=true&camera_id=${attic.id}`)).toEqual(deleted);
    expect(await status('list?deleted_only=true&camera_id=yard')).toBe(404);
    const ofViewer = await fetch(`${nvr.url}/api/v1/recordings/list?deleted_only=true`, { headers: { authorization: `Bearer ${viewer}` } });
    expect(await ofViewer.json()).toMatchObject({ total_cameras: 0 });
    await nvr.database.segment.deleteMany({ where: { cameraId: attic.id } });
    await nvr.database.camera.delete({ where: { id: attic.id } });
  });

  it('has what was recorded without a gap, newest first, as far as it is in the range', async () => {
    const range = 'start=2026-10-24T21:59:40Z&end=2026-10-27T12:00:30Z';
    const { count, sessions } = await get(`sessions-for-ai?camera_id=yard&${range}`);
    expect(count).toBe(3);
    expect(sessions).toEqual([
      {
        ...{ camera_id: yard.id, camera_name: 'yard', path: `cam-${yard.id}`, segment_count: 1, size_bytes: 1_000, is_live: false },
        ...{ start: '2026-10-27T12:00:00.000Z', end: '2026-10-27T12:00:30.000Z', duration: 30 },
        clips_url: `/api/v1/recordings/${yard.id}?start_unix=1793102400&end_unix=1793102430`,
      },
      expect.objectContaining({ start: '2026-10-25T22:59:00.000Z', duration: 90, segment_count: 1 }),
      expect.objectContaining({ start: '2026-10-24T21:59:40.000Z', duration: 110, segment_count: 2 }),
    ]);
    expect(await get(`sessions-for-ai?${range}&limit=1`)).toMatchObject({ count: 1 });
    expect([await status('sessions-for-ai?start=5&end=4'), await status('sessions-for-ai?start=0')]).toEqual([422, 422]);
    expect(await get('playback/cameras')).toMatchObject({
      count: 2,
      cameras: [{ camera_id: yard.id, first_start: '2026-10-24T21:59:30.000Z' }, { camera_id: shed.id }],
    });
  });

  it('says how recording is set up, and what lies on the disk of cameras that nobody knows', async () => {
    const retention = { enabled: false, retention_days: null, max_bytes: null, min_free_bytes: null, archive: null, protected_ranges: 0 };
    expect(await get('retention')).toEqual(retention);
    expect(await get('config')).toEqual({ mode: 'continuous', container: 'fmp4', segment_seconds_max: 60, tiers: ['fast'], retention });
    const cameras = [yard, shed].map(({ id }) => expect.objectContaining({ camera_id: id, recording_enabled: true }));
    expect(await get('schedule')).toEqual({ mode: 'continuous', schedules: [], cameras, total: 2 });
    expect(await get('orphans')).toEqual({ orphans: [], count: 0 });
    const uuid = '01890000-0000-7000-8000-000000000000';
    const day = path.join(nvr.config.recordingsDir, uuid, '2026-10-25');
    await mkdir(day, { recursive: true });
    for (const name of ['1792900000000.mp4', '1792900060000.mp4', 'notes.txt']) await writeFile(path.join(day, name), '');
    await mkdir(path.join(nvr.config.recordingsDir, yard.uuid), { recursive: true });
    expect(await get('orphans')).toEqual({
      orphans: [
        {
          ...{ camera_uuid: uuid, camera_name: null, frames_name: null, tiers: ['fast'], file_count: 2 },
          ...{ first_start: '2026-10-25T03:46:40.000Z', last_start: '2026-10-25T03:47:40.000Z' },
        },
      ],
      count: 1,
    });
    expect([await status('orphans/attach', { method: 'POST' }), await status('orphans', { method: 'DELETE' })]).toEqual([501, 501]);
  });

  it('has the stream of a camera as MediaMTX lists it', async () => {
    const range = 'start=2026-10-27T00:00:00Z&end=2026-10-28T00:00:00Z';
    const listed = await get(`playback/list?path=cam-${yard.id}&${range}`);
    const url = `/api/v1/recordings/${yard.id}/clip.mp4?start_unix=1793102400&end_unix=1793102460`;
    expect(listed).toEqual([{ start: '2026-10-27T12:00:00.000Z', duration: 60, url }]);
    const one = await get(`playback/url?path=cam-${yard.id}&start=2026-10-27T12:00:00Z&duration=60`);
    expect(one).toEqual({ path: `cam-${yard.id}`, start: '2026-10-27T12:00:00.000Z', duration: 60, url });
  });

  it('has the state of a camera, and totals of what the caller sees', async () => {
    expect(await get('status/yard')).toMatchObject({ camera_id: yard.id, recording_enabled: true, is_recording: false });
    expect(await get('stats')).toMatchObject({
      total_cameras: 2,
      total_recordings: 7,
      total_size_bytes: 7_000,
      newest: expect.any(String),
    });
    const seen = await fetch(`${nvr.url}/api/v1/recordings/stats`, { headers: { authorization: `Bearer ${viewer}` } });
    expect(await seen.json()).toMatchObject({ total_cameras: 1, total_recordings: 1 });
  });
});

describe('a flag', () => {
  const flag = (body: Record<string, unknown>, token = nvr.token) =>
    fetch(`${nvr.url}/api/v1/recordings/flag`, {
      ...jsonRequest('PUT', { camera_id: 'yard', start: '2026-10-27T12:00:00Z', end: '2026-10-27T12:01:00Z', ...body }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    });
  const protections = async () => (await get('protections?camera_id=yard')).total;

  it('protects a range from retention, once, until it is taken away', async () => {
    for (let time = 0; time < 2; time++) expect([(await flag({ note: 'the parcel' })).status, await protections()]).toEqual([200, 1]);
    expect(await (await flag({ flagged: false })).json()).toMatchObject({ camera_id: yard.id, flagged: false });
    expect(await protections()).toBe(0);
  });

  it('is for who may manage the camera', async () => {
    expect([(await flag({}, viewer)).status, (await flag({ camera_id: 'shed' }, viewer)).status]).toEqual([404, 403]);
    expect((await flag({ camera_id: 'shed', end: 'tomorrow' }, viewer)).status).toBe(422);
  });
});

describe('a camera that the caller may not see', () => {
  it('is not found on any of these routes, and in no list', async () => {
    const headers = { authorization: `Bearer ${viewer}` };
    const day = 'start=2026-10-27T00:00:00Z&end=2026-10-28T00:00:00Z';
    for (const pathname of [
      `segments/${yard.id}?date=2026-10-25`,
      'calendar?camera_id=yard&month=2026-10',
      'list?camera_id=yard',
      'status/yard',
      'frame?camera_id=yard&at=2026-10-27T12:00:00Z',
      `playback/list?path=cam-${yard.id}&${day}`,
      `playback/url?path=cam-${yard.id}&start=2026-10-27T12:00:00Z&duration=60`,
      `playback/hls?camera_id=yard&${day.replace('28T00', '27T01')}`,
    ])
      expect([pathname, (await fetch(`${nvr.url}/api/v1/recordings/${pathname}`, { headers })).status]).toEqual([pathname, 404]);
    const list = (await (await fetch(`${nvr.url}/api/v1/recordings/list`, { headers })).json()) as { cameras: { camera_id: number }[] };
    expect(list.cameras.map(({ camera_id }) => camera_id)).toEqual([shed.id]);
  });
});
