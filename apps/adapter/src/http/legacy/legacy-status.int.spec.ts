import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdapterFixture, ask } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';
import { dropModelsAndTasks, dropTinyModel, type DroppedFolders } from '../../tasks/dropped-folders.fixture.js';

interface Detail {
  name: string;
  enabled: boolean;
  model_loaded: boolean;
  tasks: string[];
  problem?: string;
}

const offered = ['object_detection', 'person_detection', 'person_counting', 'face_detection', 'motion_detection', 'identity'];

describe('what the legacy surface says of the adapter', () => {
  let dropped: DroppedFolders;
  let fixture: AdapterFixture;
  let http: AdapterHttp;
  const get = async <Body = Record<string, unknown>>(route: string) => (await ask<Body>(http, 'GET', route)).body;

  beforeAll(async () => {
    dropped = await dropModelsAndTasks();
    const { modelsDir, tasksDir } = dropped;
    await dropTinyModel(modelsDir, { name: 'colours', version: '2', decoder: 'classification' });
    await dropTinyModel(modelsDir, { name: 'damaged', decoder: 'embedding', sha256: '0'.repeat(64) });
    await rm(path.join(modelsDir, 'colour-vector'), { recursive: true });
    fixture = await AdapterFixture.start({ engine: { modelsDir, tasksDir } });
    http = await fixture.open();
  });
  afterAll(async () => {
    await fixture?.close();
    await dropped?.remove();
  });

  it('tells hardware, loaded models, and each model with its problem on /health', async () => {
    const health = await get('/health');
    expect(health).toMatchObject({
      status: 'degraded',
      active_adapters: 1,
      system_hardware: {
        cpu: { cores: expect.any(Number), model: expect.any(String), load_1m: expect.any(Number) },
        ram_gb: { total: expect.any(Number), available: expect.any(Number) },
        gpu: expect.any(Array),
      },
      models_loaded: [{ name: 'nanodet', version: '3.0.4', device: 'cpu', fingerprint: expect.stringMatching(/^sha256:/) }],
      face_registry: { scope: 'local' },
      user_tasks: [
        { name: 'crowd_level', version: '1' },
        { name: 'half_done', version: '1', problem: expect.any(String) },
      ],
      missing_models: [],
      missing_providers: [],
      engine: {
        processes: 1,
        ready: 1,
        deaths: 0,
        memory_mb: expect.any(Number),
        refused_models: [],
        process_details: [{ state: 'ready', since: expect.any(String), restarts: 0, memory_mb: expect.any(Number) }],
      },
    });
    expect(health.adapter_details).toMatchObject({
      nanodet: { status: 'healthy', model_loaded: true, model_info: { version: '3.0.4', device: 'cpu', is_default: true } },
      faceres: { status: 'healthy', model_loaded: false },
      colours: { status: 'healthy', model_info: { version: '1' } },
      'colours@2': { status: 'healthy', model_info: { version: '2', is_default: true } },
      damaged: { status: 'unavailable', model_loaded: false, model_info: { problem: expect.stringContaining('model.onnx') } },
    });
  });

  it('tells no path, host or user on the routes that are open to everybody', async () => {
    const text = JSON.stringify([await get('/health'), await get('/capabilities')]);
    for (const secret of [os.hostname(), os.homedir(), os.tmpdir(), dropped.modelsDir, fixture.directory, process.cwd()]) {
      expect(text).not.toContain(secret);
    }
    expect(text).not.toMatch(/"[^"]*\/(home|root|tmp|usr|var|work|opt)\//);
  });

  it('offers the tasks that the models can do, with those of a model folder', async () => {
    const { tasks } = await get<{ tasks: string[] }>('/capabilities');
    expect(tasks).toEqual(expect.arrayContaining([...offered, 'image_classification', 'crowd_level']));
    expect(tasks).not.toContain('image_embedding');
    expect(tasks).not.toContain('half_done');
  });

  it('lists every task with the model that does it, and what the others lack', async () => {
    const { tasks, count } = await get<{ tasks: { task: string }[]; count: number }>('/tasks');
    expect(count).toBe(tasks.length);
    expect(tasks).toEqual(
      expect.arrayContaining([
        { task: 'person_counting', adapter: 'nanodet', enabled: true, model_loaded: true, description: expect.any(String) },
        { task: 'image_classification', adapter: 'colours', enabled: true, model_loaded: false, description: expect.any(String) },
        { task: 'motion_detection', enabled: true, model_loaded: true, description: expect.any(String) },
        { task: 'image_embedding', enabled: false, model_loaded: false, description: expect.any(String), needs: ['embedder'] },
        { task: 'crowd_level', adapter: 'nanodet', enabled: true, model_loaded: true, description: expect.any(String) },
        { task: 'half_done', enabled: false, model_loaded: false, problem: expect.any(String) },
      ]),
    );
  });

  it('lists as adapters what is enabled, and in detail what is not', async () => {
    const answer = await get<{ adapters: string[]; count: number; details: Detail[]; task_problems: object[] }>('/adapters');
    const { adapters, count, details } = answer;
    expect(adapters).toEqual(expect.arrayContaining(['nanodet', 'centernet', 'colours', 'colours@2']));
    expect(adapters).not.toContain('damaged');
    expect(count).toBe(adapters.length);
    expect(details).toHaveLength(count + 1);
    const detail = (name: string) => details.find((one) => one.name === name);
    expect(detail('nanodet')).toMatchObject({
      enabled: true,
      model_loaded: true,
      tasks: expect.arrayContaining(['object_detection', 'person_detection', 'person_counting']),
      version: '3.0.4',
      device: 'cpu',
    });
    expect(answer.task_problems).toEqual([{ name: 'half_done', problem: expect.any(String) }]);
    expect(detail('damaged')).toMatchObject({ enabled: false, tasks: [], problem: expect.any(String) });
  });

  it('tells what each task takes', async () => {
    expect(await get('/schema?task=object_detection')).toMatchObject({
      task: 'object_detection',
      adapter: 'nanodet',
      schema: {
        type: 'object',
        required: ['frame'],
        properties: { frame: { type: 'object' }, camera_id: {}, session: {}, min_confidence: {}, labels: {} },
      },
    });
    const { schemas } = await get<{ schemas: Record<string, { required: string[] }> }>('/schema');
    expect(Object.keys(schemas)).toEqual((await get<{ tasks: string[] }>('/capabilities')).tasks);
    expect(schemas.face_verify!.required).toEqual(['frame1', 'frame2']);
    for (const name of ['mind_reading', '__proto__', 'image_embedding']) {
      expect(await ask(http, 'GET', `/schema?task=${name}`)).toMatchObject({
        status: 404,
        body: { detail: `No routing rule found for task '${name}'` },
      });
    }
    expect((await ask(http, 'GET', '/schema?task=a&task=b')).status).toBe(404);
  });

  it('says "starting", and offers what needs no model, before the engine is up', async () => {
    const starting = await AdapterFixture.start({ startEngine: false });
    const early = await starting.open();
    expect((await ask(early, 'GET', '/health')).body).toMatchObject({ status: 'starting', active_adapters: 0, models_loaded: [] });
    expect((await ask(early, 'GET', '/capabilities')).status).toBe(200);
    expect((await ask(early, 'GET', '/adapters')).body).toEqual({ adapters: [], count: 0, details: [], task_problems: [] });
    await starting.close();
  });
});
