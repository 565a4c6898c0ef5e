import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Capability, InferenceResult } from '@nightjar/contracts';
import { findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import type { InferenceCall } from '@nightjar/messaging';
import { AppError, sleep, systemClock } from '@nightjar/runtime';
import { makeTestVideo, samplePictures, until } from '@nightjar/testing';
import sharp from 'sharp';
import { analyseVideo } from './analyse-video.js';

type Infer = (call: InferenceCall) => Promise<InferenceResult>;

let ffmpeg: FfmpegBinary;
let directory: string;

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('this test needs FFmpeg, which is not installed');
  ffmpeg = found;
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-videos-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const file = (name: string) => path.join(directory, name);
const answer = (more: Partial<InferenceResult> = {}): InferenceResult => ({
  detections: [],
  picture: { w: 640, h: 360 },
  model: { name: 'test', version: '1', fingerprint: 'test' },
  latency_ms: 1,
  ...more,
});

/** One person with a face and a name on the shirt, on every picture. */
const sees: Record<Capability, InferenceResult> = {
  person_detection: answer({ detections: [{ bbox: [200, 40, 160, 300], label: 'person', confidence: 0.9 }] }),
  face_detection: answer({
    faces: [{ bbox: [250, 50, 60, 60], confidence: 0.9, age: 30, gender: 'F', descriptor: [0.6, 0.8] }],
    descriptor_model: { name: 'faces', version: '1', fingerprint: 'sha256:1', threshold: 0.62 },
  }),
  text_recognition: answer({ lines: [{ text: 'NIGHTJAR', confidence: 0.9, bbox: [240, 200, 80, 20], language_code: 'en' }] }),
  object_detection: answer(),
  scene_description: answer(),
};

function analyse(name: string, { infer, lacking = [], signal }: { infer?: Infer; lacking?: Capability[]; signal?: AbortSignal } = {}) {
  const job = { jobId: 'video_1', path: file(name), progress: { value: 0, stage: '' }, signal: signal ?? new AbortController().signal };
  return analyseVideo(job, {
    ffmpeg,
    clock: systemClock,
    dispatcher: { infer: infer ?? (({ capability }) => Promise.resolve(sees[capability])) },
    capabilities: { lacks: (capability) => lacking.includes(capability) },
  });
}

describe('shots', () => {
  it('begin at hard cuts, also between scenes of equal brightness, and not at flashes of light', async () => {
    const [photo = '', otherPhoto = ''] = samplePictures;
    // A mirror image has the very same histogram.
    await sharp(photo).flop().toFile(file('mirrored.jpg'));
    const cutsSeconds = [3, 6.3];
    await makeTestVideo({ file: file('plain.mp4'), seconds: 10, cutsSeconds, pictures: [photo, file('mirrored.jpg'), otherPhoto] });
    const flashes = "drawbox=color=white:t=fill:enable='between(t,1.4,1.55)+between(t,4.5,4.58)+between(t,8,8.2)'";
    execFileSync(ffmpeg.path, [
      '-v',
      'error',
      '-nostdin',
      '-y',
      '-i',
      file('plain.mp4'),
      '-vf',
      flashes,
      '-c:v',
      'libx264',
      file('flashes.mp4'),
    ]);
    const { result } = await analyse('flashes.mp4');
    expect(result.raw_scenes).toHaveLength(3);
    result.raw_scenes.slice(1).forEach(({ start_seconds }, index) => {
      expect(Math.abs(start_seconds - (cutsSeconds[index] ?? 0))).toBeLessThanOrEqual(0.125);
    });
  });
});

describe('a video without change', () => {
  beforeAll(async () => {
    await sharp({ create: { width: 640, height: 360, channels: 3, background: '#777' } })
      .png()
      .toFile(file('wall.png'));
    await makeTestVideo({ file: file('wall.mp4'), seconds: 8, pictures: [file('wall.png')] });
  });

  it('is looked at once, and the answer stands for all of it', async () => {
    const asked: string[] = [];
    const infer: Infer = ({ capability }) => {
      asked.push(capability);
      return Promise.resolve(sees[capability]);
    };
    const { result } = await analyse('wall.mp4', { infer });
    expect(asked.filter((capability) => capability !== 'face_detection').sort()).toEqual(['person_detection', 'text_recognition']);
    expect(result.person_constellation_scenes).toHaveLength(1);
    expect(result.person_constellation_scenes[0]?.time_segment).toEqual(result.raw_scenes[0]);
    expect(result.ocr_results).toEqual([{ language_code: 'en', full_text: 'NIGHTJAR', time_segment: result.raw_scenes[0] }]);
    expect(result.sections.map(({ section_tag }) => section_tag)).toEqual(['people', 'text', 'static']);
  });

  it('keeps its persons where no adapter knows faces or text, and says what is missing', async () => {
    const { result, faceModel } = await analyse('wall.mp4', { lacking: ['face_detection', 'text_recognition'] });
    expect(result.person_constellation_scenes[0]?.person_ids).toEqual([
      { age: null, gender: 'unidentified', face_embedding: [], face_thumbnail: null, allowlisted: false, relative_prominence: 0.2083 },
    ]);
    expect(result.ocr_results).toEqual([]);
    expect(result.incomplete_stages?.sort()).toEqual(['faces', 'text']);
    expect(faceModel).toBeUndefined();
  });

  it('fails with a reason where no adapter knows persons', async () => {
    await expect(analyse('wall.mp4', { lacking: ['person_detection'] })).rejects.toMatchObject({
      details: { jobCode: 'capability_missing' },
    });
  });
});

describe('the answers of the adapters', () => {
  beforeAll(() => makeTestVideo({ file: file('cuts.mp4'), seconds: 9, cutsSeconds: [2.4, 5, 6.7] }));

  it('make the same result in whatever order they come', async () => {
    const inOrder = await analyse('cuts.mp4');
    const shuffled = await analyse('cuts.mp4', {
      infer: async ({ capability }) => {
        await sleep(Math.random() * 40);
        return sees[capability];
      },
    });
    expect(shuffled).toEqual(inOrder);
    // The same face in all four shots.
    expect(new Set(inOrder.result.person_constellation_scenes.map(({ person_ids }) => person_ids[0]?.face_thumbnail)).size).toBe(1);
    expect(inOrder.faceModel).toEqual({ fingerprint: 'sha256:1', threshold: 0.62 });
  });

  it('may fail for a picture’s faces and text without harm to the rest', async () => {
    let asked = 0;
    const { result } = await analyse('cuts.mp4', {
      infer: ({ capability }) => {
        if (capability !== 'person_detection' && asked++ % 2 === 0)
          return Promise.reject(new AppError('model_error', 'the engine died twice'));
        return Promise.resolve(sees[capability]);
      },
    });
    expect(result.person_constellation_scenes).toHaveLength(4);
    expect(result.incomplete_stages?.length).toBeGreaterThan(0);
  });

  it('are not waited for once the job is stopped, and the adapters hear of it', async () => {
    const stopping = new AbortController();
    const open = new Set<InferenceCall>();
    const infer: Infer = (call) => {
      open.add(call);
      return new Promise((_resolve, reject) =>
        call.signal?.addEventListener('abort', () => {
          open.delete(call);
          reject(new AppError('cancelled', 'the inference was cancelled'));
        }),
      );
    };
    const stopped = analyse('cuts.mp4', { infer, signal: stopping.signal }).catch((error: unknown) => error);
    await until(() => open.size >= 8);
    stopping.abort(new AppError('cancelled', 'stop'));
    // None of them ever comes.
    expect(await stopped).toMatchObject({ code: 'cancelled' });
    expect(open.size).toBe(0);
  });
});
