import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AssignedStream, BoxLtwh, InferenceResult, Overlay, Rotation } from '@nightjar/contracts';
import type { PulledWork } from '@nightjar/messaging';
import { requireFfmpeg, startTestBus, startTestCamera, type TestBus, until } from '@nightjar/testing';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { AgentFixture, streamId } from '../agent.fixture.js';

/** What there is to be seen, on a dark picture of 640 × 360: left, top, width, height. */
const white: BoxLtwh = [80, 40, 60, 120];
const grey: BoxLtwh = [400, 200, 100, 80];
const levels = [
  { from: 200, to: 255 },
  { from: 120, to: 190 },
];

let directory: string;
let busServer: TestBus;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let fixture: AgentFixture;
let version = 0;
let asked: { regions: BoxLtwh[] | undefined; picture: { w: number; h: number } }[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-turned-'));
  const clip = path.join(directory, 'room.mp4');
  const box = ([x, y, w, h]: BoxLtwh, colour: string) => `drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=${colour}:t=fill`;
  await promisify(execFile)(await requireFfmpeg(), [
    ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'color=c=0x202020:s=640x360:r=15:d=4', '-vf'],
    `${box(white, 'white')},${box(grey, '0x9a9a9a')},format=yuv420p`,
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-bf', '0', '-g', '15', clip],
  ]);
  [busServer, camera] = await Promise.all([startTestBus(), startTestCamera({ clip })]);
  fixture = await AgentFixture.start({ natsUrl: busServer.url });
  fixture.engine = findBoxes;
});

afterAll(async () => {
  await fixture?.close();
  await camera?.close();
  await busServer?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Finds what is there on the very pixels that it gets, in the parts that it is asked about, as an adapter does. */
async function findBoxes({ picture, request }: PulledWork): Promise<InferenceResult> {
  // A question of the assignment before, which is still being looked at, is none of the next one.
  const questions = asked;
  const { data, info } = await sharp(picture).greyscale().raw().toBuffer({ resolveWithObject: true });
  const { height, width } = info;
  questions.push({ regions: request.regions, picture: { w: width, h: height } });
  const parts: (BoxLtwh | undefined)[] = request.regions ?? [undefined];
  const detections = parts.flatMap((part, region) =>
    levels.flatMap((level) => {
      const bbox = extentOf(data, { width, within: part ?? [0, 0, width, height], level });
      return bbox ? [{ bbox, label: 'person', confidence: 0.9, ...(part && { region }) }] : [];
    }),
  );
  const model = { name: 'test', version: '1', fingerprint: 'test' };
  return { detections, picture: { w: width, h: height }, model_input: { w: 416, h: 416 }, model, latency_ms: 1 };
}

function extentOf(pixels: Buffer, options: { width: number; within: BoxLtwh; level: { from: number; to: number } }): BoxLtwh | undefined {
  const { level, width, within } = options;
  const [left, top, wide, high] = within.map(Math.round) as BoxLtwh;
  const found: { x: number; y: number }[] = [];
  for (let y = top; y < top + high; y++)
    for (let x = left; x < left + wide; x++) {
      const value = pixels[y * width + x] ?? 0;
      // Edges are soft in a JPEG: a pixel counts with its neighbour.
      const next = pixels[y * width + Math.min(x + 1, width - 1)] ?? 0;
      if (value >= level.from && value <= level.to && next >= level.from && next <= level.to) found.push({ x, y });
    }
  if (found.length < 100) return undefined;
  const [xs, ys] = [found.map(({ x }) => x), found.map(({ y }) => y)];
  const [x1, y1] = [Math.min(...xs), Math.min(...ys)];
  return [x1, y1, Math.max(...xs) + 1 - x1, Math.max(...ys) + 1 - y1];
}

/** Where a box of the camera's picture is when that was turned clockwise. */
function turned([x, y, w, h]: BoxLtwh, rotation: Rotation): BoxLtwh {
  return { 0: [x, y, w, h], 90: [360 - y - h, x, h, w], 180: [640 - x - w, 360 - y - h, w, h], 270: [y, 640 - x - w, h, w] }[
    rotation
  ] as BoxLtwh;
}

const centre = ([x, y, w, h]: BoxLtwh): [number, number] => [x + w / 2, y + h / 2];
const isNear = (a: readonly number[], b: readonly number[], by: number) =>
  a.every((value, index) => Math.abs(value - (b[index] ?? 0)) <= by);

/** Assigns the camera, and waits for results that can only be of this assignment. */
async function watch(more: Partial<AssignedStream>): Promise<void> {
  fixture.assign(undefined);
  await until(() => fixture.feedback.length === 0 && camera.sessionCount === 0);
  [asked, fixture.overlays.length, fixture.events.length] = [[], 0, 0];
  fixture.assign(camera.url, { ...more, version: ++version });
}

async function nextEstimation(): Promise<{ people_count: number; people_coordinates: [number, number][] }> {
  const socket = new WebSocket(`${fixture.agent.url.replace('http', 'ws')}/1/ws?stream_id=${streamId}`);
  try {
    return await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (data) => {
        const { analytics_results } = JSON.parse(String(data as Buffer));
        const [estimation] = analytics_results.people_count?.frame_estimations ?? [];
        if (estimation) resolve(estimation);
      });
    });
  } finally {
    socket.terminate();
  }
}

const newestOverlay = async (count: number): Promise<Overlay> => {
  await until(() => fixture.overlays.at(-1)?.tracks.length === count);
  return fixture.overlays.at(-1)!;
};

describe.each([90, 180, 270] as const)('a stream whose pictures are turned by %s degrees', (rotation) => {
  it('has its boxes, points, events and pictures on the turned picture, and its overlays on that of the camera', async () => {
    await watch({ rotation });
    const { frame, tracks } = await newestOverlay(2);
    // Over the video of the camera, which nobody turns.
    expect(frame).toEqual({ w: 640, h: 360 });
    const shares = tracks.map(({ bbox: { x, y, w, h } }) => [x * 640, y * 360, w * 640, h * 360]);
    for (const box of [white, grey]) expect(shares.some((share) => isNear(share, box, 3))).toBe(true);

    const [width, height] = rotation === 180 ? [640, 360] : [360, 640];
    expect(asked.at(-1)?.picture).toEqual({ w: width, h: height });
    const latest = await readFile(fixture.file('frames', 'camera_0', 'latest.jpg'));
    expect(await sharp(latest).metadata()).toMatchObject({ width, height });
    const [x, y, w, h] = turned(white, rotation);
    const inside = sharp(latest).extract({ left: x + 8, top: y + 8, width: w - 16, height: h - 16 });
    const pixels = await inside.greyscale().raw().toBuffer();
    expect(Math.min(...pixels)).toBeGreaterThan(200);

    const { people_coordinates } = await nextEstimation();
    for (const box of [white, grey]) expect(people_coordinates.some((point) => isNear(point, centre(turned(box, rotation)), 3))).toBe(true);
    await until(() => fixture.events.length >= 2);
    const places = fixture.events.map(({ payload }) => payload as { bbox: Record<string, number>; frame: object; picture: object });
    expect(places[0]).toMatchObject({ frame: { w: width, h: height }, picture: { stream: 'main', rotation } });
    const boxes = places.map(({ bbox }) => [bbox.x! * width, bbox.y! * height, bbox.w! * width, bbox.h! * height]);
    for (const box of [white, grey]) expect(boxes.some((one) => isNear(one, turned(box, rotation), 3))).toBe(true);
    await until(() => fixture.feedback[0]?.video_info !== undefined);
    expect(fixture.feedback[0]?.video_info).toEqual({ width, height, codec: 'h264' });
  });
});

describe('the regions of a stream', () => {
  it('are what the detector looks at (roi), on the turned picture; boxes stay where they are on all of it', async () => {
    // The lower half of the picture on its side: the right half of the camera's.
    await watch({ rotation: 90, roi: { x: 0, y: 50, width: 100, height: 50, mode: 'percent' } });
    const { tracks } = await newestOverlay(1);
    const [{ bbox }] = tracks as [Overlay['tracks'][number]];
    expect(isNear([bbox.x * 640, bbox.y * 360, bbox.w * 640, bbox.h * 360], grey, 3)).toBe(true);
    expect(asked.length).toBeGreaterThan(0);
    for (const { regions } of asked) {
      expect(regions).toBeDefined();
      for (const [x, y, w, h] of regions ?? []) expect([x >= 0, y >= 320, x + w <= 360, y + h <= 640]).toEqual([true, true, true, true]);
    }
    const { people_coordinates, people_count } = await nextEstimation();
    expect(people_count).toBe(1);
    expect(isNear(people_coordinates[0] ?? [], centre(turned(grey, 90)), 3)).toBe(true);
    await until(() => fixture.events.length >= 1);
    expect(fixture.events).toHaveLength(1);
  });

  it('are cut through by who stands on their edge: what is inside of the roi is seen', async () => {
    await watch({ roi: { x: 0, y: 0, width: 110, height: 360, mode: 'abs' } });
    const { tracks } = await newestOverlay(1);
    const { x, w } = tracks[0]!.bbox;
    expect(isNear([x * 640, w * 640], [80, 30], 3)).toBe(true);
  });

  it('say with droi where the middle of somebody has to be to count; both are seen', async () => {
    await watch({ droi: { x: 320, y: 0, width: 320, height: 360, mode: 'abs' }, main_url: `${camera.url}-main` });
    const { tracks } = await newestOverlay(1);
    expect(isNear([tracks[0]!.bbox.x * 640], [grey[0]], 3)).toBe(true);
    expect(asked[0]?.regions).toBeUndefined();
    // Of which of the camera's streams a picture is, for who may have a better one.
    await until(() => fixture.events.length > 0);
    expect(fixture.events[0]?.payload).toMatchObject({ picture: { stream: 'sub' } });
    // Changed while it runs, without a new connection.
    const sessions = camera.sessionCount;
    fixture.assign(camera.url, { droi: null, main_url: `${camera.url}-main`, version: ++version });
    await newestOverlay(2);
    expect(camera.sessionCount).toBe(sessions);
  });

  it('are refused in words when they are outside of the picture, and nothing is found then', async () => {
    await watch({ roi: { x: 900, y: 0, width: 100, height: 100, mode: 'abs' } });
    await until(() => fixture.feedback[0]?.error !== null && fixture.feedback[0]?.error !== undefined);
    expect(fixture.feedback[0]).toMatchObject({ error: 'roi lies outside of the picture of 640 × 360 pixels' });
    expect([asked, fixture.overlays]).toEqual([[], []]);
  });
});
