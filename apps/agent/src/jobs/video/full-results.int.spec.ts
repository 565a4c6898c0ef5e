import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FinishedOutcome, JobOutcome, PersonId } from '@nightjar/contracts';
import { makeTestVideo, samplePictures, startTestBus, type TestBus } from '@nightjar/testing';
import sharp from 'sharp';
import { AgentFixture } from '../../agent.fixture.js';
import { startAdapterProcess, type AdapterProcess } from '../adapter-process.fixture.js';
import { drawPerson, drawSign } from './drawn-scenes.fixture.js';

/** Real models on the CPU, which others use too: as long as a spec may take. */
const modelsMs = 150_000;

let busServer: TestBus;
let fixture: AgentFixture;
let adapter: AdapterProcess;
let media: string;

beforeAll(async () => {
  media = await mkdtemp(path.join(os.tmpdir(), 'nightjar-videos-'));
  busServer = await startTestBus();
  fixture = await AgentFixture.start({ natsUrl: busServer.url, withEngine: false });
  adapter = await startAdapterProcess(busServer.url, fixture.bus);
  await mkdir(fixture.file('media'), { recursive: true });
});

afterAll(async () => {
  await fixture.close();
  await adapter.stop();
  await busServer.stop();
  await rm(media, { recursive: true, force: true });
});

const file = (name: string) => path.join(media, name);

function video(outcome: JobOutcome) {
  if (outcome.state !== 'finished' || outcome.media_type !== 'video') throw new Error(JSON.stringify(outcome).slice(0, 1_000));
  return outcome as Extract<FinishedOutcome, { media_type: 'video' }>;
}

async function analyse(pictures: readonly string[], cutsSeconds: readonly number[], seconds: number) {
  await makeTestVideo({ file: fixture.file('media', 'video.mp4'), seconds, cutsSeconds, pictures, width: 1_280, height: 720 });
  return video(await fixture.outcomeOf(fixture.queueVideo('video.mp4'), modelsMs));
}

/** What is the same wherever a person is told. */
function identity({ age, gender, face_embedding, face_thumbnail }: PersonId) {
  return { age, gender, face_embedding, face_thumbnail };
}

describe('a video job with the models that come with the adapter', () => {
  it('knows a person again in a later scene, and tells somebody else apart', async () => {
    const [one, other] = [await drawPerson(file('one.png'), 'one'), await drawPerson(file('other.png'), 'other')];
    const { result, face_model } = await analyse([one, other, one], [4, 8], 12);
    const persons = result.person_constellation_scenes.map(({ person_ids }) => person_ids);
    expect(persons.map(({ length }) => length)).toEqual([1, 1, 1]);
    const [first, second, third] = persons.map(([person]) => person!);
    expect(identity(third!)).toEqual(identity(first!));
    expect(first!.face_embedding.length).toBeGreaterThan(100);
    expect(Math.hypot(...first!.face_embedding)).toBeCloseTo(1, 3);
    const cosine = first!.face_embedding.reduce((sum, value, at) => sum + value * second!.face_embedding[at]!, 0);
    expect(cosine).toBeLessThan(face_model!.threshold);
    expect(face_model!.fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(first!.age).toBeGreaterThan(10);
    const thumbnail = await sharp(Buffer.from(first!.face_thumbnail!, 'base64')).metadata();
    expect(thumbnail).toMatchObject({ format: 'jpeg' });
    expect(Math.max(thumbnail.width, thumbnail.height)).toBeLessThanOrEqual(112);
    expect(first!.allowlisted).toBe(false);
    expect(result.sections.find(({ section_tag }) => section_tag === 'people')?.time_segments).toHaveLength(1);
    expect(result.incomplete_stages).toBeUndefined();
  });

  it('tells which words are on screen when, to a second', async () => {
    const [wall, parking, noEntry] = [
      await drawSign(file('wall.png')),
      await drawSign(file('parking.png'), 'PARKING'),
      await drawSign(file('not-open.png'), 'NOT OPEN'),
    ];
    const { result } = await analyse([wall, parking, wall, noEntry], [3, 7, 10], 13);
    // The sign takes too little of the picture for a cut.
    expect(result.raw_scenes).toHaveLength(1);
    expect(result.ocr_results.map(({ full_text }) => full_text.replace(/[^A-Z]/gi, '').toUpperCase())).toEqual(['PARKING', 'NOTOPEN']);
    const times = result.ocr_results.map(({ time_segment }) => [time_segment.start_seconds, time_segment.end_seconds]);
    [3, 7, 10, 13].forEach((seconds, index) => expect(Math.abs(times.flat()[index]! - seconds)).toBeLessThanOrEqual(1));
    const text = result.sections.find(({ section_tag }) => section_tag === 'text');
    expect(text?.time_segments).toHaveLength(2);
    expect(result.person_constellation_scenes).toEqual([]);
  });

  it('tells faces, objects and text of pictures', async () => {
    const [photo = ''] = samplePictures;
    await copyFile(photo, fixture.file('media', 'people.jpg'));
    await copyFile(await drawSign(file('sign.png'), 'PARKING'), fixture.file('media', 'sign.png'));
    const outcome = await fixture.outcomeOf(fixture.queueImages(['people.jpg', 'sign.png']), modelsMs);
    if (outcome.state !== 'finished' || outcome.media_type !== 'image') throw new Error(JSON.stringify(outcome));
    const [people, sign] = outcome.items.map((item) => (item.state === 'finished' ? item.result : undefined));
    expect(people?.person_ids.length).toBeGreaterThanOrEqual(2);
    const withFace = people?.person_ids.filter(({ face_embedding }) => face_embedding.length > 0) ?? [];
    expect(withFace.length).toBeGreaterThanOrEqual(2);
    expect(new Set(withFace.map(({ face_thumbnail }) => face_thumbnail)).size).toBe(withFace.length);
    expect(people?.object_detections?.filter(({ label }) => label === 'person').length).toBeGreaterThanOrEqual(2);
    expect(outcome.face_model?.threshold).toBeGreaterThan(0);
    expect(sign).toMatchObject({ person_ids: [], ocr_results: [{ full_text: expect.stringMatching(/^PARKING$/i) }] });
  });
});
