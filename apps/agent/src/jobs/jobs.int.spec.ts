import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobOutcome, VideoResult, VideoWork } from '@nightjar/contracts';
import { AppError, sleep } from '@nightjar/runtime';
import { makeTestVideo, samplePictures, startTestBus, type TestBus, until } from '@nightjar/testing';
import sharp from 'sharp';
import { AgentFixture, findsPersons } from '../agent.fixture.js';

const cutsSeconds = [2.4, 5, 6.7];
const videoSeconds = 9;

let busServer: TestBus;
let fixture: AgentFixture;
let videos: string;

beforeAll(async () => {
  videos = await mkdtemp(path.join(os.tmpdir(), 'nightjar-videos-'));
  await makeTestVideo({ file: path.join(videos, 'cuts.mp4'), seconds: videoSeconds, cutsSeconds });
  // More pictures than wait anywhere between the decoder and an engine that takes none.
  await makeTestVideo({ file: path.join(videos, 'long.mp4'), seconds: 30, width: 320, height: 180 });
});

afterAll(() => rm(videos, { recursive: true, force: true }));

beforeEach(async () => {
  busServer = await startTestBus();
  fixture = await AgentFixture.start({ natsUrl: busServer.url });
  await mkdir(fixture.file('media'));
  for (const video of ['cuts.mp4', 'long.mp4']) await copyFile(path.join(videos, video), fixture.file('media', video));
});

afterEach(async () => {
  await fixture.close();
  await busServer.stop();
  expect(fixture.ffmpegProcesses()).toEqual([]);
});

function videoResult(outcome: JobOutcome): VideoResult {
  if (outcome.state !== 'finished' || outcome.media_type !== 'video') throw new Error(JSON.stringify(outcome));
  return outcome.result;
}

/**
 * Queues a video whose attempt ends by its own clock, and waits until it has come to where the test wants it. On a machine where its time is
 * up before that there is another one, with twice the time.
 */
async function queueInTime(more: (ms: number) => Partial<VideoWork>, isThere: () => boolean, firstMs = 4_000): Promise<void> {
  for (let ms = firstMs; ; ms *= 2) {
    fixture.sources.length = 0;
    fixture.beats.length = 0;
    const tooLateMs = performance.now() + ms + 1_000;
    fixture.queueVideo('long.mp4', more(ms));
    await until(() => isThere() || performance.now() > tooLateMs);
    if (isThere()) return;
  }
}
const isDecoding = () => fixture.sources.length > 0 && fixture.ffmpegProcesses().length > 0;

function failure(outcome: JobOutcome): string {
  return outcome.state === 'failed' ? outcome.error.code : outcome.state;
}

describe('a video job', () => {
  it('tells shots to a quarter of a second, activity per pair of frames, and who is on screen when', async () => {
    fixture.engine = findsPersons([100, 50, 80, 200], [300, 60, 160, 300]);
    const result = videoResult(await fixture.outcomeOf(fixture.queueVideo('cuts.mp4')));
    const endSeconds = result.raw_scenes.at(-1)?.end_seconds ?? 0;
    expect(result.raw_scenes).toHaveLength(cutsSeconds.length + 1);
    expect(result.raw_scenes[0]?.start_seconds).toBe(0);
    expect(Math.abs(endSeconds - videoSeconds)).toBeLessThan(0.2);
    result.raw_scenes.slice(1).forEach((scene, index) => {
      expect(Math.abs(scene.start_seconds - (cutsSeconds[index] ?? 0))).toBeLessThanOrEqual(0.25);
      expect(scene.start_seconds).toBe(result.raw_scenes[index]?.end_seconds);
    });
    // Two frames a second, the first at 0, make one pair less than frames.
    expect(result.frame_activity_diffs).toHaveLength(Math.ceil(endSeconds * 2) - 1);
    const pairsWithCut = cutsSeconds.map((cut) => Math.ceil(cut * 2) - 1);
    const quietest = Math.min(...pairsWithCut.map((pair) => result.frame_activity_diffs[pair] ?? 0));
    result.frame_activity_diffs.forEach((diff, pair) => {
      if (!pairsWithCut.includes(pair)) expect(diff).toBeLessThan(quietest);
    });
    // The same two persons stand there all the time, but after a cut nobody can say so.
    expect(result.person_constellation_scenes.map(({ person_ids }) => person_ids.length)).toEqual([2, 2, 2, 2]);
    expect(result.person_constellation_scenes[0]?.time_segment).toEqual(result.raw_scenes[0]);
    expect(result.person_constellation_scenes[0]?.person_ids[1]?.relative_prominence).toBeCloseTo((160 * 300) / (640 * 360), 3);
    // A photograph over which the camera moves slowly, and people in it all the time; nobody has a face, and nothing is written.
    expect(result.ocr_results).toEqual([]);
    expect(result.sections[0]).toMatchObject({
      section_tag: 'people',
      confidence: 0.8,
      time_segments: [{ start_seconds: 0, end_seconds: endSeconds }],
    });
    expect(new Set(fixture.sources).size).toBe(1);
  });

  it('fails with a reason when the file is no video', async () => {
    await writeFile(fixture.file('media', 'text.mp4'), 'This is a text.');
    await writeFile(
      fixture.file('media', 'list.mp4'),
      '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n',
    );
    expect(failure(await fixture.outcomeOf(fixture.queueVideo('text.mp4')))).toBe('not_a_video');
    expect(failure(await fixture.outcomeOf(fixture.queueVideo('list.mp4')))).toBe('not_a_video');
    expect(failure(await fixture.outcomeOf(fixture.queueVideo('missing.mp4')))).toBe('media_missing');
    expect(fixture.sources).toEqual([]);
  });

  it('waits for an adapter and says so, and goes on when there is one', async () => {
    fixture.engine = () => Promise.reject(new AppError('overloaded', 'busy', { retryAfterMs: 200 }));
    const work = fixture.queueVideo('cuts.mp4', { lease_ms: 9_000 });
    await until(() => fixture.beats.some(({ stage }) => stage === 'waiting for an adapter'));
    fixture.engine = findsPersons();
    expect(videoResult(await fixture.outcomeOf(work)).person_constellation_scenes).toEqual([]);
  });

  it.each(['cancel', 'late', 'lost'] as const)('drops everything when the gateway says %s', async (verdict) => {
    fixture.engine = () => Promise.reject(new AppError('overloaded', 'busy'));
    const first = fixture.queueVideo('long.mp4', { lease_ms: 9_000 });
    await fixture.untilDecoding();
    fixture.verdict = verdict;
    await until(() => fixture.ffmpegProcesses().length === 0);
    fixture.verdict = 'continue';
    // The slot is free again, and the dropped job is not delivered.
    fixture.engine = findsPersons();
    await fixture.outcomeOf(fixture.queueVideo('cuts.mp4'));
    expect(fixture.outcomes.map(({ jobId }) => jobId)).not.toContain(first.job_id);
  });

  it.each([
    // That has no time of its own.
    ['the gateway cancels it', 600_000, () => ({ lease_ms: 9_000 })],
    ['its time is up', 4_000, (ms: number) => ({ lease_ms: 60_000, processing_ms_left: ms })],
  ])('stops the work of the adapters, too, when %s', async (_why, firstMs, work) => {
    let running = 0;
    let stopped = 0;
    fixture.engine = (_work, signal) =>
      new Promise((_resolve, reject) => {
        running++;
        signal.addEventListener('abort', () => {
          running--;
          stopped++;
          reject(signal.reason as Error);
        });
      });
    await queueInTime(work, () => running === 2, firstMs);
    const before = stopped;
    fixture.verdict = 'cancel';
    await until(() => stopped === before + 2);
    // What still waited in the queues reaches no engine.
    await until(() => fixture.ffmpegProcesses().length === 0);
    fixture.engine = findsPersons();
    const asked = fixture.sources.length;
    await sleep(500);
    expect(fixture.sources).toHaveLength(asked);
  });

  it('stops at its processing bound and lets the gateway know at once', async () => {
    fixture.engine = () => Promise.reject(new AppError('overloaded', 'busy'));
    await queueInTime((ms) => ({ lease_ms: 600_000, processing_ms_left: ms }), isDecoding);
    await until(() => fixture.ffmpegProcesses().length === 0);
    // The first one is of its first second; one with its lease would come after minutes.
    await until(() => fixture.beats.length >= 2);
    expect(fixture.outcomes).toEqual([]);
  });

  it('goes back to the gateway when the agent stops', async () => {
    fixture.engine = () => Promise.reject(new AppError('overloaded', 'busy'));
    const work = fixture.queueVideo('long.mp4');
    await fixture.untilDecoding();
    await fixture.stopAgent();
    expect(await fixture.outcomeOf(work, 100)).toEqual({ state: 'returned', reason: 'the agent stops' });
    expect(fixture.ffmpegProcesses()).toEqual([]);
  });

  it('delivers its outcome again until the gateway hears it', async () => {
    fixture.outcomesLost = 2;
    const work = fixture.queueVideo('cuts.mp4');
    expect((await fixture.outcomeOf(work)).state).toBe('finished');
    expect(fixture.outcomes).toHaveLength(1);
  });

  it('gives up when the gateway was not heard for as long as the lease', async () => {
    fixture.engine = () => Promise.reject(new AppError('overloaded', 'busy'));
    fixture.beatsUnheard = true;
    await queueInTime((ms) => ({ lease_ms: ms }), isDecoding);
    await until(() => fixture.ffmpegProcesses().length === 0);
    await sleep(500);
    expect(fixture.outcomes).toEqual([]);
  });
});

describe('an image job', () => {
  it('tells persons in pixels of each picture, and fails broken ones alone', async () => {
    const media = (name: string) => fixture.file('media', name);
    const [photo = ''] = samplePictures;
    await sharp(photo).resize(2_560, 1_440, { fit: 'fill' }).png().toFile(media('large.png'));
    await sharp(photo).resize(300, 400, { fit: 'fill' }).jpeg().withMetadata({ orientation: 6 }).toFile(media('turned.jpg'));
    await writeFile(media('text.jpg'), 'This is a text.');
    await writeFile(media('empty.jpg'), '');
    await writeFile(media('cut.jpg'), (await sharp(photo).jpeg().toBuffer()).subarray(0, 2_000));
    await writeFile(
      media('picture.svg'),
      '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><image href="/etc/passwd"/></svg>',
    );
    await writeFile(media('bomb.png'), pngHeader(60_000, 60_000));
    await copyFile(photo, media('photo.jpg'));
    fixture.engine = findsPersons([64, 36, 320, 180]);
    const files = ['large.png', 'text.jpg', 'turned.jpg', 'empty.jpg', 'cut.jpg', 'picture.svg', 'bomb.png', 'photo.jpg', 'missing.jpg'];
    const outcome = await fixture.outcomeOf(fixture.queueImages(files));
    if (outcome.state !== 'finished' || outcome.media_type !== 'image') throw new Error(JSON.stringify(outcome));
    expect(outcome.items.map((item) => [item.index, item.state === 'failed' ? item.error.code : item.state])).toEqual([
      [0, 'finished'],
      [1, 'not_an_image'],
      [2, 'finished'],
      [3, 'not_an_image'],
      [4, 'not_an_image'],
      [5, 'not_an_image'],
      [6, 'image_too_large'],
      [7, 'finished'],
      [8, 'media_missing'],
    ]);
    const [large, , turned] = outcome.items;
    expect(large).toMatchObject({
      result: {
        picture: { w: 2_560, h: 1_440 },
        person_detections: [{ bbox: [256, 144, 1_280, 720], label: 'person' }],
        person_ids: [{ relative_prominence: 0.25, gender: 'unidentified' }],
        ocr_results: [],
      },
    });
    // A viewer shows it upright.
    expect(turned).toMatchObject({ result: { picture: { w: 400, h: 300 } } });
  });

  it('sends pictures that fit into a message', async () => {
    const noise = randomBytes(2_000 * 2_000 * 3);
    await sharp(noise, { raw: { width: 2_000, height: 2_000, channels: 3 } })
      .png()
      .toFile(fixture.file('media', 'noise.png'));
    const sizes: [string, number][] = [];
    fixture.engine = (work) => {
      sizes.push([work.request.capability, work.picture.length]);
      return findsPersons()(work);
    };
    const outcome = await fixture.outcomeOf(fixture.queueImages(['noise.png']));
    expect(outcome).toMatchObject({
      state: 'finished',
      items: [{ state: 'finished', result: { person_ids: [], picture: { w: 2_000, h: 2_000 } } }],
    });
    expect(sizes.map(([capability]) => capability).sort()).toEqual(['face_detection', 'object_detection', 'text_recognition']);
    expect(Math.max(...sizes.map(([, size]) => size))).toBeLessThanOrEqual(512 * 1_024);
  });
});

/** A PNG of some hundred bytes that declares a size of many gigabytes. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', Buffer.alloc(64)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
}
