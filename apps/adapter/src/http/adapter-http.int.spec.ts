import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, Health, systemClock } from '@nightjar/runtime';
import { samplePictures, until } from '@nightjar/testing';
import { EnginePool } from '../engine/engine-pool.js';
import { FaceRegistry } from '../faces/face-registry.js';
import { LocalFaceStore } from '../faces/local-face-store.js';
import { FrameResolver } from '../intake/frame-resolver.js';
import { FramesDirectory } from '../intake/frames-directory.js';
import { maxPictureBytes } from '../intake/picture-header.js';
import { builtinTasks } from '../tasks/builtin-tasks.js';
import { TaskCatalogue } from '../tasks/task-catalogue.js';
import { startAdapterHttp, type AdapterHttp } from './adapter-http.js';
import { SystemHardware } from './system-hardware.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const uri = 'opennvr://frames/camera_0/latest.jpg';

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & {
    detail?: string;
    count?: number;
    detections?: { bbox: number[]; confidence: number; track_id: number }[];
  };
}

/** The header of a PNG of 60,000 x 60,000 pixels. */
function hugePng(): Buffer {
  const bytes = Buffer.alloc(64);
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(bytes);
  bytes.writeUInt32BE(60_000, 16);
  bytes.writeUInt32BE(60_000, 20);
  return bytes;
}

describe('the adapter over HTTP', () => {
  let directory: string;
  let photo: Buffer;
  let pool: EnginePool;
  let open: (apiKey?: string) => Promise<AdapterHttp>;
  let http: AdapterHttp;

  const call = async (route: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(http.url + route, init);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  };
  const infer = (body: unknown) =>
    call('/infer', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const inferPicture = (picture: Uint8Array, fields: Record<string, string> = { task: 'person_counting' }) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('file', new Blob([Uint8Array.from(picture)], { type: 'image/jpeg' }), 'picture.jpg');
    return call('/infer', { method: 'POST', body: form });
  };

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-adapter-'));
    photo = await readFile(samplePictures[0]!);
    const camera = path.join(directory, 'frames', 'camera_0');
    await mkdir(camera, { recursive: true });
    await writeFile(path.join(camera, 'latest.jpg'), photo);
    await writeFile(path.join(camera, 'text.jpg'), 'this is a text file called .jpg');
    await writeFile(path.join(camera, 'empty.jpg'), '');
    pool = new EnginePool({
      entry: new URL('../../dist/engine/engine-process.js', import.meta.url),
      processes: 1,
      settings: { modelCacheDir: path.join(directory, 'models'), preload: ['nanodet'], logLevel: 'silent' },
      queueCapacity: 16,
      hangMs: 60_000,
      startTimeoutMs: 120_000,
      clock: systemClock,
      logger,
    });
    await pool.start(AbortSignal.timeout(150_000));
    const faces = new FaceRegistry(new LocalFaceStore({ file: path.join(directory, 'faces.bin'), clock: systemClock }));
    await faces.start();
    open = (apiKey) => {
      const frames = new FrameResolver({
        directory: new FramesDirectory(path.join(directory, 'frames'), maxPictureBytes),
        bus: undefined,
        allowed: undefined,
      });
      const parts = {
        pool,
        frames,
        faces,
        catalogue: new TaskCatalogue(pool, builtinTasks({ clock: systemClock, faces })),
        hardware: new SystemHardware(),
      };
      return startAdapterHttp({
        host: '127.0.0.1',
        port: 0,
        credentials: { apiKey, token: undefined },
        parts,
        health: new Health(),
        logger,
      });
    };
    http = await open();
  });
  afterAll(async () => {
    await http?.close();
    await pool.stop(AbortSignal.timeout(5_000));
    await rm(directory, { recursive: true, force: true });
  });

  it("answers the documentation's own request with real detections", async () => {
    const { status, headers, body } = await infer({ task: 'person_counting', data: { frame: { uri } } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      task: 'person_counting',
      bbox_format: 'ltwh',
      tracking: 'local',
      model_name: 'nanodet',
      model_version: '3.0.4',
    });
    expect(body.count).toBeGreaterThanOrEqual(2);
    expect(body.count).toBeLessThanOrEqual(4);
    expect(body.detections).toHaveLength(body.count!);
    for (const { bbox, confidence } of body.detections!) {
      expect(bbox.every(Number.isInteger)).toBe(true);
      expect(bbox[0]! + bbox[2]!).toBeLessThanOrEqual(1920);
      expect(bbox[1]! + bbox[3]!).toBeLessThanOrEqual(1280);
      expect(confidence).toBeGreaterThanOrEqual(0.45);
    }
    expect(body.confidence).toBeCloseTo(body.detections!.reduce((sum, { confidence }) => sum + confidence, 0) / body.count!, 3);
    expect(Number.isInteger(body.latency_ms)).toBe(true);
    expect(body.model_fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(headers.get('x-model-fingerprint')).toBe(body.model_fingerprint);
  });

  it('is open to everybody at a closed list of routes', () => {
    const names = http.routes.filter(({ method, policy }) => method !== 'HEAD' && policy.kind === 'public').map(({ url }) => url);
    expect(names.sort()).toEqual([
      '/capabilities',
      '/contract/health',
      '/docs',
      '/docs/assets/:file',
      '/docs/openapi.json',
      '/health',
      '/legacy/capabilities',
      '/legacy/health',
      '/livez',
      '/readyz',
      '/v2',
      '/v2/health/live',
      '/v2/health/ready',
    ]);
    expect(http.routes.every(({ policy }) => ['public', 'authenticated'].includes(policy.kind))).toBe(true);
  });

  it('gives the same answer for "input", base64 and multipart', async () => {
    const boxes = async (answer: Promise<Answer>) => (await answer).body.detections!.map(({ bbox }) => bbox);
    const expected = await boxes(infer({ task: 'person_counting', data: { frame: { uri }, session: 'one' } }));
    expect(
      await boxes(infer({ task: 'person_counting', input: { frame: { uri: 'opennvr://camera_0/latest.jpg' }, session: 'two' } })),
    ).toEqual(expected);
    expect(await boxes(infer({ task: 'person_counting', input: { frame: { base64: photo.toString('base64') } } }))).toEqual(expected);
    expect(await boxes(inferPicture(photo))).toEqual(expected);
  });

  it('tracks persons from call to call of one camera, and starts anew for a picture that stands alone', async () => {
    const ids = async (answer: Promise<Answer>) => (await answer).body.detections!.map(({ track_id }) => track_id);
    const first = await ids(inferPicture(photo, { task: 'person_counting', camera_id: 'gate' }));
    expect(first).toEqual(first.map((_, index) => index + 1));
    expect(await ids(inferPicture(photo, { task: 'person_counting', camera_id: 'gate' }))).toEqual(first);
    const alone = [await ids(inferPicture(photo)), await ids(inferPicture(photo))];
    expect(alone).toEqual([first, first]);
  });

  it.each([
    ['an unknown task', { task: 'mind_reading', data: { frame: { uri } } }, 400, "Unknown task 'mind_reading'; available tasks: "],
    ['a task named like a property of objects', { task: '__proto__', data: { frame: { uri } } }, 400, 'available tasks: '],
    ['no task', { data: { frame: { uri } } }, 400, "Missing 'task' or 'input'"],
    ['no input', { task: 'person_counting' }, 400, "Missing 'task' or 'input'"],
    ['no frame', { task: 'person_counting', data: {} }, 400, 'frame'],
    ['a body that is no object', [1, 2], 400, "Missing 'task' or 'input'"],
    ['a body that is no JSON', '{"task":', 400, 'JSON'],
    ['an empty JSON body', '', 400, 'empty'],
    [
      'a frame that is not there',
      { task: 'person_counting', data: { frame: { uri: 'opennvr://camera_0/missing.jpg' } } },
      404,
      'Frame not found',
    ],
    [
      'a path out of the frames',
      { task: 'person_counting', data: { frame: { uri: 'opennvr://frames/../../etc/passwd' } } },
      400,
      'Invalid frame URI',
    ],
    [
      'a text file called .jpg',
      { task: 'person_counting', data: { frame: { uri: 'opennvr://camera_0/text.jpg' } } },
      400,
      'not a JPEG, PNG or WebP',
    ],
    ['an empty file', { task: 'person_counting', data: { frame: { uri: 'opennvr://camera_0/empty.jpg' } } }, 400, 'empty'],
    ['an empty picture in base64', { task: 'person_counting', data: { frame: { base64: '' } } }, 400, 'empty'],
    ['what is no base64', { task: 'person_counting', data: { frame: { base64: '!!!!' } } }, 400, 'not base64'],
  ])('refuses %s', async (_what, body, status, detail) => {
    const answer = await infer(body);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toContain(detail);
    expect(Object.keys(answer.body)).toEqual(['detail']);
  });

  it('refuses pictures that are none, too large by their header alone, or damaged', async () => {
    const refusals = await Promise.all([
      inferPicture(Buffer.alloc(0)),
      inferPicture(Buffer.from('text')),
      inferPicture(hugePng()),
      inferPicture(photo.subarray(0, 40_000)),
      inferPicture(photo, { task: 'person_counting', session: 'x'.repeat(200) }),
    ]);
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
    expect(refusals.map(({ body }) => body.detail)).toEqual([
      'Invalid image: it is empty',
      'Invalid image: not a JPEG, PNG or WebP',
      expect.stringContaining('60000 x 60000'),
      'Invalid image: it cannot be decoded',
      expect.stringContaining('session'),
    ]);
  });

  it('refuses bodies above 32 MiB, damaged multipart bodies and unknown content types', async () => {
    const large = Buffer.alloc(maxPictureBytes + 1, 65);
    expect((await inferPicture(large)).status).toBe(413);
    expect((await infer(`"${large.toString()}"`)).status).toBe(413);
    const damaged = await call('/infer', {
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="task"\r\n\r\nperson',
    });
    expect(damaged.status).toBe(400);
    const unknown = await call('/infer', { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: 'a,b' });
    expect(unknown.status).toBe(415);
    expect(unknown.body.detail).toBeTruthy();
  });

  it('is unharmed by all of that', async () => {
    expect(pool.status).toMatchObject({ deaths: 0, ready: 1, queued: 0 });
    expect((await infer({ task: 'person_counting', data: { frame: { uri } } })).status).toBe(200);
  });

  it('tells its health, tasks, adapters and schemas', async () => {
    const health = (await call('/health')).body;
    expect(health).toMatchObject({
      status: 'healthy',
      active_adapters: 1,
      system_hardware: { cpu: { cores: expect.any(Number) }, ram_gb: { total: expect.any(Number) }, gpu: expect.any(Array) },
      models_loaded: [{ name: 'nanodet', version: '3.0.4', device: 'cpu' }],
      adapter_details: { nanodet: { status: 'healthy', model_loaded: true } },
    });
    expect(JSON.stringify(health)).not.toContain(os.hostname());
    expect((await call('/capabilities')).body).toEqual({ tasks: expect.arrayContaining(['person_counting', 'object_detection']) });
    const adapters = (await call('/adapters')).body as { adapters?: string[]; count?: number; details?: object[] };
    expect(adapters.adapters).toContain('nanodet');
    expect(adapters.count).toBe(adapters.adapters?.length);
    expect(adapters.details).toContainEqual(
      expect.objectContaining({
        name: 'nanodet',
        enabled: true,
        model_loaded: true,
        tasks: expect.arrayContaining(['person_counting', 'object_detection']),
      }),
    );
    const tasks = (await call('/tasks')).body as { tasks?: object[]; count?: number };
    expect(tasks.count).toBe(tasks.tasks?.length);
    expect(tasks.tasks).toContainEqual(expect.objectContaining({ task: 'person_counting', adapter: 'nanodet', enabled: true }));
    expect((await call('/schema?task=person_counting')).body).toMatchObject({
      task: 'person_counting',
      schema: { type: 'object', required: ['frame'] },
    });
    expect((await call('/schema')).body).toHaveProperty('schemas.person_counting');
    expect(await call('/schema?task=mind_reading')).toMatchObject({
      status: 404,
      body: { detail: "No routing rule found for task 'mind_reading'" },
    });
    expect((await call('/livez')).status).toBe(200);
    expect(await call('/no-such-route')).toMatchObject({ status: 404, body: { detail: expect.any(String) } });
  });

  it('asks for the key, except on /health and /capabilities, when it has to', async () => {
    const guarded = await open('the-adapter-key');
    const status = async (route: string, key?: string, method = 'GET') =>
      (await fetch(guarded.url + route, { method, headers: key === undefined ? {} : { 'X-API-Key': key } })).status;
    expect(await Promise.all(['/health', '/capabilities', '/livez', '/readyz'].map((route) => status(route)))).toEqual([
      200, 200, 200, 200,
    ]);
    expect(await Promise.all(['/adapters', '/tasks', '/schema'].map((route) => status(route)))).toEqual([401, 401, 401]);
    expect(await status('/infer', undefined, 'POST')).toBe(401);
    expect(await Promise.all(['wrong', '', 'the-adapter-key '.repeat(9)].map((key) => status('/adapters', key)))).toEqual([401, 401, 401]);
    expect(await status('/adapters', 'the-adapter-key')).toBe(200);
    const refused = await fetch(`${guarded.url}/adapters`);
    expect(refused.headers.get('www-authenticate')).toBe('ApiKey');
    expect(await refused.json()).toEqual({ detail: 'Invalid or missing API Key' });
    await guarded.close();
  });

  it('drops what waits when its caller hangs up', async () => {
    const [pid] = pool.pids;
    process.kill(pid!, 'SIGSTOP');
    const controller = new AbortController();
    const form = () => {
      const body = new FormData();
      body.set('task', 'person_counting');
      body.set('file', new Blob([Uint8Array.from(photo)]), 'picture.jpg');
      return body;
    };
    const running = fetch(`${http.url}/infer`, { method: 'POST', body: form() });
    await until(() => pool.status.busy === 1);
    const waiting = fetch(`${http.url}/infer`, { method: 'POST', body: form(), signal: controller.signal }).catch(
      (error: Error) => error.name,
    );
    await until(() => pool.status.queued === 1);
    controller.abort();
    expect(await waiting).toBe('AbortError');
    await until(() => pool.status.queued === 0);
    process.kill(pid!, 'SIGCONT');
    expect((await running).status).toBe(200);
  });
});
