import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventCommitted, EventView, reportEvent, type EventReport } from '@nightjar/contracts';
import { JpegSplitter } from '@nightjar/media';
import { sleep } from '@nightjar/runtime';
import { requireFfmpeg, until } from '@nightjar/testing';
import { addCamera, addRecording, type TestCameraRow } from '../playback/recorded-time.fixture.js';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const run = promisify(execFile);
/** Of the recording: six seconds of which the third is white, all others dark. */
const t0Ms = Date.UTC(2026, 5, 1, 12);
const whiteMs = t0Ms + 2_500;
const size = { width: 1_280, height: 720 };

let nvr: TestNvr;
let ffmpegPath: string;
let directory: string;
let yard: TestCameraRow;
let smallPicture: Buffer;
let tracks = 0;
const told: number[] = [];

beforeAll(async () => {
  [nvr, ffmpegPath, directory] = await Promise.all([startTestNvr(), requireFfmpeg(), mkdtemp(path.join(os.tmpdir(), 'nightjar-best-'))]);
  const video = path.join(directory, 'source.mp4');
  const white = "drawbox=c=white:t=fill:enable='between(t,2,2.99)'";
  const source = ['-f', 'lavfi', '-i', `color=c=0x202020:s=${size.width}x${size.height}:r=10:d=6`, '-vf', `${white},format=yuv420p`];
  await run(ffmpegPath, ['-v', 'error', ...source, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', video]);
  const content = await writeRecordedFile({ video, recordingsDir: directory, name: 'recorded.mp4' });
  const small = path.join(directory, 'small.jpg');
  await run(ffmpegPath, ['-v', 'error', '-f', 'lavfi', '-i', 'color=c=gray:s=320x180', '-frames:v', '1', small]);
  smallPicture = await readFile(small);
  yard = await addCamera(nvr, 'yard', 1);
  await addRecording(nvr, { camera: yard, content, startsAtMs: t0Ms, durationMs: 6_000 });
  await mkdir(path.join(nvr.config.framesDir, 'yard'), { recursive: true });
  nvr.bus.on(eventCommitted, ({ seq }) => void told.push(seq));
});
afterAll(async () => {
  await nvr.stop();
  await rm(directory, { recursive: true });
});

/** Opens and ends an event with a picture, as an agent does. */
async function happen(payload: object): Promise<number> {
  const track_id = `a-${++tracks}`;
  const file = `event_${track_id}.jpg`;
  await writeFile(path.join(nvr.config.framesDir, 'yard', file), smallPicture);
  const report: EventReport = {
    camera_id: yard.id,
    label: 'person',
    score: 0.8,
    track_id,
    started_at_unix_ms: t0Ms + 1_000,
    ended_at_unix_ms: null,
    frame_file: file,
    payload: { frame: { w: 320, h: 180 }, bbox: { x: 0.1, y: 0.1, w: 0.2, h: 0.5 }, frame_ts_ms: whiteMs, ...payload },
  };
  await nvr.bus.request(reportEvent, report, { timeoutMs: 60_000 });
  const ended = { ...report, ended_at_unix_ms: t0Ms + 5_000, frame_file: null };
  const { event_id } = await nvr.bus.request(reportEvent, ended, { timeoutMs: 60_000 });
  return event_id;
}

async function read(id: number): Promise<{ event: EventView; picture: { width: number; height: number }; brightness: number }> {
  const { events } = (await (await nvr.fetch('/api/v1/events/latest')).json()) as { events: unknown[] };
  const event = events.map((one) => EventView.parse(one)).find((one) => one.id === id)!;
  const bytes = Buffer.from(await (await nvr.fetch(`/api/v1/events/${id}/evidence`)).arrayBuffer());
  const [picture] = new JpegSplitter().push(bytes);
  const file = path.join(directory, `evidence-${id}.jpg`);
  await writeFile(file, bytes);
  const grey = await run(ffmpegPath, ['-v', 'error', '-i', file, '-vf', 'scale=1:1,format=gray', '-f', 'rawvideo', '-'], {
    encoding: 'buffer',
  });
  return { event, picture: { width: picture!.width, height: picture!.height }, brightness: grey.stdout[0] ?? 0 };
}

const isOfMain = async (id: number) => ((await read(id)).event.payload?.picture as { stream?: string } | undefined)?.stream === 'main';

describe('an event of a camera that is analysed on its substream', () => {
  it('has the picture of its main stream when it has ended, of the very moment, and says so', async () => {
    const id = await happen({ picture: { stream: 'sub' } });
    await until(() => isOfMain(id));
    const { brightness, event, picture } = await read(id);
    expect(picture).toEqual(size);
    expect(brightness).toBeGreaterThan(220);
    expect(event.payload).toMatchObject({
      frame_ts_ms: whiteMs,
      bbox: { x: 0.1, y: 0.1, w: 0.2, h: 0.5 },
      picture: { stream: 'main', w: 1_280, h: 720 },
    });
    // Listeners saw the change, and one picture of one event is left.
    await until(async () => told.includes(Number((await nvr.database.event.findFirst({ where: { id } }))?.seq)));
    expect(await readdir(path.join(nvr.config.evidenceDir, yard.uuid))).toHaveLength(1);
  });

  it('keeps that picture when its end is told once more', async () => {
    const { id, startedAt, trackId } = await nvr.database.event.findFirstOrThrow();
    const payload = { frame: { w: 320, h: 180 }, frame_ts_ms: whiteMs, picture: { stream: 'sub' } };
    const repeated = {
      camera_id: yard.id,
      label: 'person',
      score: 0.8,
      track_id: trackId ?? '',
      started_at_unix_ms: startedAt.getTime(),
      payload,
    };
    await nvr.bus.request(reportEvent, { ...repeated, ended_at_unix_ms: t0Ms + 5_000, frame_file: null }, { timeoutMs: 60_000 });
    await until(() => isOfMain(Number(id)));
    expect((await read(Number(id))).picture).toEqual(size);
  });

  it('keeps the picture of its substream, and goes on saying so, where nothing better is recorded', async () => {
    const unrecorded = await happen({ picture: { stream: 'sub' }, frame_ts_ms: t0Ms + 3_600_000 });
    const turned = await happen({ picture: { stream: 'sub', rotation: 90 } });
    const larger = await happen({ picture: { stream: 'sub' }, frame: { w: 1_920, h: 1_080 } });
    const ofMain = await happen({ picture: { stream: 'main' }, frame_ts_ms: whiteMs + 1 });
    // One after the other: when the last is there, the others are decided.
    const last = await happen({ picture: { stream: 'sub' } });
    await until(() => isOfMain(last));
    await sleep(200);
    for (const id of [unrecorded, turned, larger, ofMain]) {
      const { event, picture } = await read(id);
      expect([id, picture]).toEqual([id, { width: 320, height: 180 }]);
      expect(event.payload).toMatchObject({ picture: { stream: id === ofMain ? 'main' : 'sub' } });
    }
  });
});
