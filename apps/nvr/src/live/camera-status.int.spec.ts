import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pause, sleep } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { addCamera, addViewer, type TestCameraRow } from '../playback/recorded-time.fixture.js';
import { SocketReader } from '../socket-reader.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let yard: TestCameraRow;
let street: TestCameraRow;
let porch: TestCameraRow;
const readers: SocketReader[] = [];
/** Cameras that send nothing any more. */
const gone = new Set<number>();
const stopping = new AbortController();
let recording: Promise<void>;
beforeAll(async () => {
  nvr = await startTestNvr();
  yard = await addCamera(nvr, 'yard', 1);
  street = await addCamera(nvr, 'street', 2);
  porch = await addCamera(nvr, 'porch', 3);
  for (const { id: cameraId, uuid } of [yard, street, porch]) {
    const times = { startsAt: new Date(Date.now() - 600_000), endsAt: new Date() };
    const segment = { cameraId, file: `${uuid}/now.mp4`, ...times, sizeBytes: 1, videoCodec: 'h264', open: true };
    await nvr.database.segment.create({ data: segment });
  }
  recording = record(stopping.signal);
});
afterAll(async () => {
  for (const reader of readers) reader.close();
  stopping.abort();
  await recording;
  await nvr.stop();
});

/** As the recorder moves the ends of the files that it writes; one that stands still has no camera behind it. */
async function record(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { id } of [yard, street, porch]) {
      const endsAt = new Date(Date.now() - (gone.has(id) ? 60_000 : 0));
      await nvr.database.segment.updateMany({ where: { cameraId: id }, data: { endsAt } });
    }
    await pause(500, signal);
  }
}

async function listen(path: string, token = nvr.token): Promise<SocketReader> {
  const reader = await SocketReader.open(`${nvr.url}/api/v1/events/${path}`, { authorization: `Bearer ${token}` });
  readers.push(reader);
  await reader.until(({ messages }) => messages.length > 0);
  return reader;
}

const changesOf = (reader: SocketReader) =>
  (reader.messages as unknown as { event_type: string; camera_id: number; payload: object }[]).filter(
    ({ event_type }) => event_type === 'camera_status',
  );
const changesOfYard = (reader: SocketReader) => changesOf(reader).filter(({ camera_id }) => camera_id === yard.id);

describe("a camera that comes and goes, on OpenNVR's WebSocket", () => {
  it('is told to whoever may see it, and to nobody else, and by its task', async () => {
    const viewer = await addViewer(nvr, { username: 'neighbour', cameras: [street] });
    const [all, ofYard, ofConnections, ofTracks] = await Promise.all(
      ['ws', `ws?camera_id=${yard.id}`, 'ws?task=connection', 'ws?task=track'].map((path) => listen(path)),
    );
    const [neighbour, ours] = await Promise.all([listen('ws', viewer), listen('stream')]);
    // The first look tells nothing: it learns who is there. One of the porch is told by a later one.
    await until(async () => {
      if (!gone.delete(porch.id)) gone.add(porch.id);
      await sleep(4_500);
      return changesOf(all!).length > 0;
    });
    gone.add(yard.id);
    const told = [all!, ofYard!, ofConnections!];
    await Promise.all(told.map((reader) => reader.until(() => changesOfYard(reader).length === 1)));
    gone.delete(yard.id);
    await Promise.all(told.map((reader) => reader.until(() => changesOfYard(reader).length === 2)));
    for (const reader of told)
      expect(changesOfYard(reader)).toEqual(
        ['offline', 'online'].map((status) => ({
          event_type: 'camera_status',
          camera_id: yard.id,
          task: 'connection',
          timestamp: expect.any(Number),
          payload: { camera_name: 'yard', path: `cam-${yard.id}`, status, reason: null, occurred_at: expect.stringMatching(/Z$/) },
        })),
      );
    for (const reader of [neighbour, ofTracks!, ours]) expect(changesOf(reader)).toEqual([]);
  });
});
