import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sleep } from '@nightjar/runtime';
import { addCamera, addViewer, type TestCameraRow } from '../playback/recorded-time.fixture.js';
import { SocketReader } from '../socket-reader.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let yard: TestCameraRow;
let street: TestCameraRow;
const readers: SocketReader[] = [];
beforeAll(async () => {
  nvr = await startTestNvr();
  yard = await addCamera(nvr, 'yard', 1);
  street = await addCamera(nvr, 'street', 2);
  for (const camera of [yard, street]) await isRecordedUntil(camera, Date.now() + 60_000);
});
afterAll(async () => {
  for (const reader of readers) reader.close();
  await nvr.stop();
});

/** As the recorder moves the end of the file that it writes; one that stands still has no camera behind it. */
async function isRecordedUntil({ id, uuid }: TestCameraRow, endsAtMs: number): Promise<void> {
  const file = `${uuid}/now.mp4`;
  const times = { startsAt: new Date(Date.now() - 600_000), endsAt: new Date(endsAtMs) };
  const segment = { cameraId: id, file, ...times, sizeBytes: 1, videoCodec: 'h264', open: true };
  await nvr.database.segment.deleteMany({ where: { file } });
  await nvr.database.segment.create({ data: segment });
}

async function listen(path: string, token = nvr.token): Promise<SocketReader> {
  const reader = await SocketReader.open(`${nvr.url}/api/v1/events/${path}`, { authorization: `Bearer ${token}` });
  readers.push(reader);
  await reader.until(({ messages }) => messages.length > 0);
  return reader;
}

const changesOf = (reader: SocketReader) =>
  (reader.messages as unknown as { event_type: string; payload: object }[]).filter(({ event_type }) => event_type === 'camera_status');

describe("a camera that comes and goes, on OpenNVR's WebSocket", () => {
  it('is told to whoever may see it, and to nobody else, and by its task', async () => {
    const viewer = await addViewer(nvr, { username: 'neighbour', cameras: [street] });
    const [all, ofYard, ofConnections, ofTracks] = await Promise.all(
      ['ws', `ws?camera_id=${yard.id}`, 'ws?task=connection', 'ws?task=track'].map((path) => listen(path)),
    );
    const [neighbour, ours] = await Promise.all([listen('ws', viewer), listen('stream')]);
    // The first look tells nothing: it learns who is there.
    await sleep(4_500);
    await isRecordedUntil(yard, Date.now() - 60_000);
    const told = [all!, ofYard!, ofConnections!];
    await Promise.all(told.map((reader) => reader.until(() => changesOf(reader).length === 1, 15_000)));
    await isRecordedUntil(yard, Date.now() + 60_000);
    await Promise.all(told.map((reader) => reader.until(() => changesOf(reader).length === 2, 15_000)));
    for (const reader of told)
      expect(changesOf(reader)).toEqual(
        ['offline', 'online'].map((status) => ({
          event_type: 'camera_status',
          camera_id: yard.id,
          task: 'connection',
          timestamp: expect.any(Number),
          payload: { camera_name: 'yard', path: 'yard', status, reason: null, occurred_at: expect.stringMatching(/Z$/) },
        })),
      );
    for (const reader of [neighbour, ofTracks!, ours]) expect(changesOf(reader)).toEqual([]);
  }, 60_000);
});
