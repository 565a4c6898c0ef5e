import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { hashApiKey, SecretBox } from '@nightjar/auth';
import { adapterCapacity, type FaceModel, type FinishedOutcome, type JobOutcome, type PersonId } from '@nightjar/contracts';
import { InferenceDispatcher } from '@nightjar/messaging';
import { systemClock } from '@nightjar/runtime';
import { requireFfmpeg, samplePictures, until } from '@nightjar/testing';
import { GatewayFixture, imageResult, startGatewayServices, videoResult, type GatewayServices } from '../gateway.fixture.js';
import { allowlistedPersonsMax, prepareOutcome } from './mark-allowlisted.js';
import { sealEmbedding } from './seal-embedding.js';

/** What `tsc -b` built of the adapter: apps know each other by the bus only. */
const adapterMain = fileURLToPath(new URL('../../../adapter/dist/main.js', import.meta.url));
const secretKey = Buffer.alloc(32, 9).toString('base64');
const neighbour = { 'X-API-Key': 'key-of-the-neighbour' };

/** A face as jobs find it on a picture with several persons. */
interface FoundFace {
  descriptor: number[];
  portrait: Buffer;
}

let services: GatewayServices;
let fixture: GatewayFixture;
let stopAdapter: () => Promise<void>;
let model: FaceModel;
let faces: FoundFace[];
let group: Buffer;

beforeAll(async () => {
  services = await startGatewayServices();
  fixture = await GatewayFixture.start({ ...services, config: { secretKey } });
  stopAdapter = await startAdapter();
  await fixture.database.apiKey.create({
    data: {
      tenantId: 2,
      name: 'neighbour',
      prefix: 'neigh',
      sha256: Uint8Array.from(hashApiKey(neighbour['X-API-Key'])),
      scopes: ['allowlist:manage'],
    },
  });
  await findFaces();
});
afterEach(async () => {
  await fixture.database.allowlistedPerson.deleteMany();
  await fixture.database.job.deleteMany();
});
afterAll(async () => {
  await stopAdapter?.();
  await fixture?.stopAndRemoveMedia();
  await services?.stop();
});

async function startAdapter(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-adapter-'));
  let takesWork = false;
  fixture.agentBus.on(adapterCapacity, () => void (takesWork = true));
  const child = spawn(process.execPath, [adapterMain], {
    env: {
      PATH: process.env.PATH,
      NATS_URL: services.natsUrl,
      ADAPTER_PORT: '0',
      NIGHTJAR_DATA_DIR: directory,
      NIGHTJAR_ENGINE_PROCESSES: '1',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  await until(() => takesWork);
  return async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
}

/** Asks the adapter as an agent does, and cuts each face out of the picture with some room around it. */
async function findFaces(): Promise<void> {
  const [photo = ''] = samplePictures;
  group = await crop(photo, 'scale=1280:-2');
  const dispatcher = new InferenceDispatcher(fixture.agentBus, systemClock);
  const found = await dispatcher.infer({
    capability: 'face_detection',
    lane: 'batch',
    source: 'job',
    picture: group,
    timeoutMs: 60_000,
    withDescriptors: true,
  });
  model = { fingerprint: found.descriptor_model!.fingerprint, threshold: found.descriptor_model!.threshold };
  faces = await Promise.all(
    found.faces!.map(async ({ bbox: [left, top, width, height], descriptor }) => {
      const margin = 0.4;
      const box = [
        width * (1 + 2 * margin),
        height * (1 + 2 * margin),
        Math.max(0, left - width * margin),
        Math.max(0, top - height * margin),
      ];
      return { descriptor: descriptor!, portrait: await crop(photo, `scale=1280:-2,crop=${box.map(Math.round).join(':')}`) };
    }),
  );
  expect(faces.length).toBeGreaterThanOrEqual(2);
}

async function crop(photo: string, filter: string): Promise<Buffer> {
  const ffmpeg = await requireFfmpeg();
  return execFileSync(ffmpeg, [
    '-loglevel',
    'error',
    '-i',
    photo,
    '-vf',
    filter,
    '-frames:v',
    '1',
    '-f',
    'image2pipe',
    '-c:v',
    'mjpeg',
    '-q:v',
    '2',
    '-',
  ]);
}

function put(picture: Buffer | string, more: { name?: unknown; headers?: Record<string, string> } = {}): Promise<Response> {
  const { name = 'Ada', headers = {} } = more;
  return fixture.request('/v1/allowlist', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ name, image_base64: typeof picture === 'string' ? picture : picture.toString('base64') }),
  });
}

async function problem(response: Response) {
  const { code } = (await response.json()) as { code: string };
  return [response.status, code];
}

function person(descriptor: number[]): PersonId {
  return {
    age: 30,
    gender: 'unidentified',
    face_embedding: descriptor,
    face_thumbnail: null,
    allowlisted: false,
    relative_prominence: 0.1,
  };
}

/** Finishes a job of each media type with these faces. @returns their persons as the client reads them */
async function readPersons(descriptors: number[][], options: { keepsVectors?: boolean } = {}): Promise<PersonId[][]> {
  const segment = { start_seconds: 0, end_seconds: 2 };
  const result = { ...videoResult, person_constellation_scenes: [{ time_segment: segment, person_ids: descriptors.map(person) }] };
  const video: JobOutcome = { state: 'finished', media_type: 'video', face_model: model, duration_seconds: 2, result };
  const image: JobOutcome = {
    state: 'finished',
    media_type: 'image',
    face_model: model,
    items: [{ index: 0, state: 'finished', result: { ...imageResult, person_ids: descriptors.map(person) } }],
  };
  const jobIds = [await fixture.submitVideo(), await fixture.submitImages([{ data_base64: 'YWJj' }])];
  if (options.keepsVectors) await fixture.database.job.updateMany({ data: { faceEmbeddings: true } });
  for (let index = 0; index < 2; index++) {
    const work = await fixture.claimWork();
    expect(await fixture.finish(work, work.media_type === 'video' ? video : image)).toBe(true);
  }
  const [videoView, imageView] = (await Promise.all(jobIds.map((jobId) => fixture.poll(jobId)))) as [
    { result: typeof result },
    { items: { result: typeof imageResult }[] },
  ];
  return [videoView.result.person_constellation_scenes[0]!.person_ids, imageView.items[0]!.result.person_ids];
}

describe('the allow-list', () => {
  it('marks a listed person in the results of its tenant, by another cut of the picture, and nobody else', async () => {
    const listed = await put(faces[0]!.portrait);
    expect(listed.status).toBe(201);
    const view = (await listed.json()) as { id: string };
    expect(view).toEqual({
      id: expect.any(String),
      name: 'Ada',
      model_fingerprint: model.fingerprint,
      readable: true,
      created_at: expect.any(String),
    });
    for (const persons of await readPersons(faces.map(({ descriptor }) => descriptor))) {
      expect(persons.map(({ allowlisted }) => allowlisted)).toEqual(faces.map((_, index) => index === 0));
      expect(persons.every(({ face_embedding: vector }) => vector.length === 0)).toBe(true);
    }
    expect((await fixture.request(`/v1/allowlist/${view.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await fixture.database.allowlistedPerson.count()).toBe(0);
    for (const persons of await readPersons([faces[0]!.descriptor])) expect(persons[0]!.allowlisted).toBe(false);
  });

  it('is stored sealed, and listed without what it knows faces by', async () => {
    await put(faces[0]!.portrait);
    const text = await (await fixture.request('/v1/allowlist')).text();
    expect(JSON.parse(text)).toMatchObject({ persons: [{ name: 'Ada', readable: true }] });
    expect(text).not.toMatch(/embedding|image/);
    const { embedding } = await fixture.database.allowlistedPerson.findFirstOrThrow();
    const plain = Buffer.from(Float32Array.from(faces[0]!.descriptor.slice(0, 4)).buffer);
    expect(Buffer.from(embedding).includes(plain)).toBe(false);
  });

  it('leaves vectors in results only where the job was made to keep them', async () => {
    const { descriptor } = faces[0]!;
    for (const persons of await readPersons([descriptor])) expect(persons[0]!.face_embedding).toEqual([]);
    await fixture.database.job.deleteMany();
    for (const persons of await readPersons([descriptor], { keepsVectors: true }))
      expect(persons[0]!.face_embedding).toHaveLength(descriptor.length);
  });

  it('belongs to its tenant alone', async () => {
    const { id } = (await (await put(faces[0]!.portrait, { headers: neighbour })).json()) as { id: string };
    expect(await (await fixture.request('/v1/allowlist')).json()).toEqual({ persons: [] });
    expect(await problem(await fixture.request(`/v1/allowlist/${id}`, { method: 'DELETE' }))).toEqual([404, 'not_found']);
    for (const persons of await readPersons([faces[0]!.descriptor])) expect(persons[0]!.allowlisted).toBe(false);
    expect((await fixture.request('/v1/jobs', { headers: neighbour })).status).toBe(403);
  });

  it('takes exactly one face', async () => {
    const response = await put(group);
    expect(await response.clone().json()).toMatchObject({ code: 'unprocessable', detail: expect.stringContaining('exactly one face') });
    expect(response.status).toBe(422);
    expect(await problem(await put(await crop(samplePictures[0]!, 'scale=640:-2,crop=100:60:0:0')))).toEqual([422, 'unprocessable']);
  });

  it.each([
    ['no picture', 'bm8gcGljdHVyZQ==', 422],
    ['no base64', '%', 422],
    ['a data URI', 'data:image/jpeg;base64,YWJj', 422],
    ['too large a picture', Buffer.alloc(512 * 1024 + 1, 0xff).toString('base64'), 413],
    ['much too large a picture', Buffer.alloc(2 * 1024 ** 2, 0xff).toString('base64'), 413],
  ])('refuses %s', async (_name, imageBase64, status) => {
    expect((await put(imageBase64)).status).toBe(status);
  });

  it.each([
    ['that is empty', ''],
    ['with NUL', 'a\u0000b'],
    ['of 257 characters', 'x'.repeat(257)],
    ['that is no text', 7],
  ])('refuses a name %s', async (_name, name) => {
    expect(await problem(await put(faces[0]!.portrait, { name }))).toEqual([422, 'unprocessable']);
  });

  it('knows no person by an id that is none', async () => {
    for (const id of ['1', '__proto__', '..%2f..'])
      expect(await problem(await fixture.request(`/v1/allowlist/${id}`, { method: 'DELETE' }))).toEqual([404, 'not_found']);
  });

  it('does not fail a job for persons that were sealed with another key, and says which they are', async () => {
    await put(faces[0]!.portrait);
    await fixture.database.allowlistedPerson.updateMany({ data: { embedding: new Uint8Array(64) } });
    for (const persons of await readPersons([faces[0]!.descriptor])) expect(persons[0]!.allowlisted).toBe(false);
    expect(await (await fixture.request('/v1/allowlist')).json()).toMatchObject({ persons: [{ readable: false }] });
  });

  it('compares three thousand faces with a thousand persons, and lets others in meanwhile', async () => {
    const box = new SecretBox(secretKey);
    const randomFace = () => Array.from({ length: faces[0]!.descriptor.length }, () => Math.random() - 0.5);
    const listed = Array.from({ length: allowlistedPersonsMax }, randomFace);
    const data = listed.map((vector) => {
      const id = randomUUID();
      return {
        id,
        tenantId: 1,
        name: 'x',
        modelFingerprint: model.fingerprint,
        embedding: sealEmbedding(box, id, Float32Array.from(vector)),
      };
    });
    await fixture.database.allowlistedPerson.createMany({ data });
    const strangers = Array.from({ length: 1_000 }, randomFace);
    // Every stranger in two scenes, every listed person in one.
    const persons = [...strangers, ...strangers, ...listed].map(person);
    const result = { ...imageResult, person_ids: persons };
    const outcome: FinishedOutcome = {
      state: 'finished',
      media_type: 'image',
      face_model: model,
      items: [{ index: 0, state: 'finished', result }],
    };
    const jobId = await fixture.submitImages([{ data_base64: 'YWJj' }]);
    let turns = 0;
    const others = setInterval(() => turns++, 1);
    const beganAtMs = performance.now();
    const prepared = await prepareOutcome(fixture.database, box, jobId, outcome);
    process.stdout.write(
      `3,000 faces were compared with 1,000 in ${Math.round(performance.now() - beganAtMs)} ms, ${turns} turns for others\n`,
    );
    clearInterval(others);
    const [item] = prepared.media_type === 'image' ? prepared.items : [];
    const marked = item?.state === 'finished' ? item.result.person_ids.map(({ allowlisted }) => allowlisted) : [];
    expect(marked).toEqual(persons.map((_, index) => index >= 2_000));
    expect(turns).toBeGreaterThan(20);
  });

  it('holds a thousand persons', async () => {
    const embedding = new Uint8Array(64);
    await fixture.database.allowlistedPerson.createMany({
      data: Array.from({ length: allowlistedPersonsMax - 1 }, () => ({ tenantId: 1, name: 'x', embedding, modelFingerprint: 'old' })),
    });
    const statuses = await Promise.all([put(faces[0]!.portrait), put(faces[1]!.portrait)]).then((all) => all.map(({ status }) => status));
    expect(statuses.sort()).toEqual([201, 409]);
    expect(await fixture.database.allowlistedPerson.count()).toBe(allowlistedPersonsMax);
  });
});
