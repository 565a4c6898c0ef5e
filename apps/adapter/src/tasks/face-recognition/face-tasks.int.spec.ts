import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { z } from 'zod';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

/** What face_embedding answers, as far as it goes into the registry. */
const Embedding = z.object({
  embedding: z.array(z.number()),
  face_bbox: z.tuple([z.int(), z.int(), z.int(), z.int()]),
  threshold: z.number(),
});

describe('tasks about faces', () => {
  let tasks: TaskRunnerFixture;
  const photos: Buffer[] = [];
  /** The largest face of a photo, alone. */
  const faceOf = async (photo: Buffer): Promise<Buffer> => {
    const { body } = await tasks.run('face_embedding', photo);
    const [left, top, right, bottom] = Embedding.parse(body).face_bbox;
    const margin = Math.round((right - left) * 0.6);
    const region = {
      left: Math.max(0, left - margin),
      top: Math.max(0, top - margin),
      width: right - left + margin,
      height: bottom - top + margin,
    };
    return sharp(photo).extract(region).modulate({ brightness: 0.9 }).jpeg().toBuffer();
  };
  const register = async (personId: string, photo: Buffer, category: string) => {
    const { body, model } = await tasks.run('face_embedding', photo);
    const { embedding } = Embedding.parse(body);
    const known = { person_id: personId, name: `Person ${personId}`, category, model_name: model!.name };
    await tasks.faces.register({ ...known, model_fingerprint: model!.fingerprint, embedding });
  };

  beforeAll(async () => {
    tasks = await TaskRunnerFixture.start();
    for (const file of [samplePictures[0]!, samplePictures[4]!]) photos.push(await readFile(file));
  });
  afterAll(() => tasks.close());

  it('describe a face by a vector of the length they say, of length 1', async () => {
    const { body, model } = await tasks.run('face_embedding', photos[1]!);
    const { embedding, threshold } = Embedding.parse(body);
    expect(embedding).toHaveLength(Number(body['embedding_size']));
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);
    expect(threshold).toBe(0.62);
    expect(model).toMatchObject({ name: 'faceres' });
  });

  it('know a registered person again on another crop of the photo, and nobody else', async () => {
    expect((await tasks.run('face_recognition', photos[1]!)).body).toMatchObject({ recognized: false, message: 'No faces are registered' });
    await register('w-1', photos[1]!, 'watchlist');
    const again = await faceOf(photos[1]!);
    expect((await tasks.run('face_recognition', again)).body).toMatchObject({ recognized: true, person_id: 'w-1', category: 'watchlist' });
    expect((await tasks.run('watchlist_check', again)).body).toMatchObject({ is_on_watchlist: true, matches: [{ person_id: 'w-1' }] });
    const other = await faceOf(photos[0]!);
    expect((await tasks.run('face_recognition', other)).body).toMatchObject({ recognized: false, message: 'Face not recognized' });
    expect((await tasks.run('watchlist_check', other)).body).toMatchObject({ is_on_watchlist: false, matches: [] });
    // The caller's threshold is the one that counts, and is told.
    const lax = await tasks.run('face_recognition', other, { threshold: -1 });
    expect(lax.body).toMatchObject({ recognized: true, threshold: -1 });
    await tasks.faces.remove('w-1');
    expect((await tasks.run('face_recognition', again)).body).toMatchObject({ recognized: false });
  });

  it('compare two pictures', async () => {
    const [mine, yours] = [await faceOf(photos[1]!), await faceOf(photos[0]!)];
    const same = await tasks.run('face_verify', { frame1: photos[1]!, frame2: mine });
    expect(same.body).toMatchObject({ is_same_person: true, threshold: 0.62 });
    expect(same.body['similarity']).toBeLessThanOrEqual(1);
    expect((await tasks.run('face_verify', { frame1: mine, frame2: yours })).body).toMatchObject({ is_same_person: false });
  });

  it('say that there is no face', async () => {
    const blank = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#888' } })
      .jpeg()
      .toBuffer();
    await expect(tasks.run('face_embedding', blank)).rejects.toMatchObject({ code: 'unprocessable' });
    await expect(tasks.run('face_verify', { frame1: photos[1]!, frame2: blank })).rejects.toMatchObject({
      code: 'unprocessable',
      message: 'No face found in frame2',
    });
    expect((await tasks.run('face_recognition', blank)).body).toEqual({ recognized: false, message: 'No face found' });
    expect((await tasks.run('face_detection', blank)).body).toEqual({ faces: [], face_count: 0 });
  });

  it('decode a picture once for a pipeline of detection and recognition', async () => {
    const { outcomes, decodes } = await tasks.runAll(['face_detection', 'face_recognition'], photos[1]!);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true]);
    expect(decodes).toBe(1);
  });
});
