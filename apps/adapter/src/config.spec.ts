import os from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { engineEnvironment, readConfig } from './config.js';

describe('readConfig', () => {
  it('listens on loopback and asks nobody for a key by default', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 9100,
      credentials: { apiKey: undefined, token: undefined },
      rootSurface: 'legacy',
      natsUrl: undefined,
      preload: ['nanodet'],
    });
    expect(readConfig({}).engineProcesses).toBeGreaterThan(0);
  });

  it('keeps frames and models in the data directory unless told otherwise', () => {
    expect(readConfig({ NIGHTJAR_DATA_DIR: '/data' })).toMatchObject({
      framesDir: '/data/frames',
      modelCacheDir: '/data/model-cache',
      modelsDir: '/data/models',
      tasksDir: '/data/tasks',
    });
    expect(readConfig({ NIGHTJAR_DATA_DIR: '/data', NIGHTJAR_FRAMES_DIR: '/frames' })).toMatchObject({ framesDir: '/frames' });
  });

  it('does not start without the key it has to ask for', () => {
    expect(() => readConfig({ REQUIRE_AUTH: 'True' })).toThrow('REQUIRE_AUTH=true needs API_KEY');
    expect(readConfig({ REQUIRE_AUTH: 'True', API_KEY: 'secret' }).credentials).toEqual({ apiKey: 'secret', token: undefined });
  });

  it('does not open itself to the network by accident', () => {
    expect(() => readConfig({ ADAPTER_HOST: '0.0.0.0' })).toThrow('NIGHTJAR_ALLOW_OPEN=1');
    expect(() => readConfig({ ADAPTER_HOST: '0.0.0.0', API_KEY: 'secret' })).toThrow('REQUIRE_AUTH=true');
    expect(readConfig({ ADAPTER_HOST: '0.0.0.0', NIGHTJAR_ALLOW_OPEN: '1' }).host).toBe('0.0.0.0');
    expect(readConfig({ ADAPTER_HOST: '0.0.0.0', REQUIRE_AUTH: 'true', API_KEY: 'secret' }).host).toBe('0.0.0.0');
    expect(readConfig({ ADAPTER_HOST: '0.0.0.0', OPENNVR_ADAPTER_TOKEN: 'secret' }).host).toBe('0.0.0.0');
  });

  it('takes a bearer token, and no root surface but the two there are', () => {
    const read = readConfig({ OPENNVR_ADAPTER_TOKEN: 'secret', ADAPTER_ROOT_SURFACE: 'contract' });
    expect(read).toMatchObject({ credentials: { apiKey: undefined, token: 'secret' }, rootSurface: 'contract' });
    expect(() => readConfig({ ADAPTER_ROOT_SURFACE: 'both' })).toThrow('ADAPTER_ROOT_SURFACE');
    expect(() => readConfig({ OPENNVR_ADAPTER_TOKEN: 'two words' })).toThrow('OPENNVR_ADAPTER_TOKEN: must be visible ASCII');
  });

  it('ignores a key that nobody is asked for', () => {
    expect(readConfig({ API_KEY: 'secret' }).credentials.apiKey).toBeUndefined();
  });

  it('reads lists', () => {
    expect(readConfig({ NIGHTJAR_ADAPTER_FRAME_ALLOW: 'camera_0, camera_1,' }).framesAllowed).toEqual(new Set(['camera_0', 'camera_1']));
    expect(readConfig({ NIGHTJAR_ADAPTER_PRELOAD: 'nanodet' }).preload).toEqual(['nanodet']);
  });

  it('works on one request at a time in one process per core, and on several in a few processes on a GPU', () => {
    expect(readConfig({})).toMatchObject({ providers: ['cpu'], runsAtOnce: 1 });
    expect(readConfig({ NIGHTJAR_ADAPTER_PROVIDERS: 'tensorrt, cuda' })).toMatchObject({
      providers: ['tensorrt', 'cuda'],
      engineProcesses: Math.min(4, Math.max(1, Math.floor(os.availableParallelism() / 4))),
      runsAtOnce: 8,
    });
    const told = readConfig({ NIGHTJAR_ADAPTER_PROVIDERS: 'cuda', NIGHTJAR_ENGINE_PROCESSES: '2', NIGHTJAR_ENGINE_RUNS_AT_ONCE: '3' });
    expect(told).toMatchObject({ engineProcesses: 2, runsAtOnce: 3 });
    for (const wrong of ['gpu', ',']) expect(() => readConfig({ NIGHTJAR_ADAPTER_PROVIDERS: wrong })).toThrow('NIGHTJAR_ADAPTER_PROVIDERS');
  });

  it('reads which model does which kind of work, and refuses kinds that do not exist', () => {
    expect(readConfig({}).defaultModels).toEqual({});
    expect(readConfig({ NIGHTJAR_ADAPTER_MODELS: 'detector=centernet, captioner=my-blip' }).defaultModels).toEqual({
      detector: 'centernet',
      captioner: 'my-blip',
    });
    for (const wrong of ['detector', 'detector=', 'dog=pug', '__proto__=x', 'detector=a=b', 'detector=a,detector=b'])
      expect(() => readConfig({ NIGHTJAR_ADAPTER_MODELS: wrong })).toThrow('NIGHTJAR_ADAPTER_MODELS');
  });

  it('bounds memory only when told to, and lets idle models go after ten minutes', () => {
    expect(readConfig({})).toMatchObject({ idleUnloadMs: 600_000, memoryBudgetBytes: 0, vramBudgetBytes: 0 });
    expect(readConfig({ NIGHTJAR_ADAPTER_VRAM_MB: '2' })).toMatchObject({ vramBudgetBytes: 2 * 1024 * 1024 });
    expect(readConfig({ NIGHTJAR_ADAPTER_IDLE_UNLOAD_SECONDS: '0', NIGHTJAR_ADAPTER_MEMORY_MB: '512' })).toMatchObject({
      idleUnloadMs: 0,
      memoryBudgetBytes: 512 * 1024 * 1024,
    });
  });

  it('fetches no frames from URLs unless told so, and then from the public internet alone', () => {
    expect(readConfig({}).urlFrames).toBeUndefined();
    expect(readConfig({ NIGHTJAR_ADAPTER_URL_FRAME_NETWORKS: '10.0.0.0/8' }).urlFrames).toBeUndefined();
    expect(readConfig({ NIGHTJAR_ADAPTER_URL_FRAMES: '1' }).urlFrames).toEqual({
      networks: [],
      ports: [],
      ownPorts: [9100, 5240, 8080, 8000, 8001],
    });
  });

  it('reads the networks and ports that frames from URLs may come from', () => {
    const read = (networks: string, ports: string) =>
      readConfig({
        NIGHTJAR_ADAPTER_URL_FRAMES: '1',
        NIGHTJAR_ADAPTER_URL_FRAME_NETWORKS: networks,
        NIGHTJAR_ADAPTER_URL_FRAME_PORTS: ports,
      }).urlFrames;
    const given = read('192.168.0.0/16, fd00::/8', '8080, 8443');
    expect(given?.networks.map(([base, bits]) => `${base.toString()}/${bits}`)).toEqual(['192.168.0.0/16', 'fd00::/8']);
    expect(given?.ports).toEqual([8080, 8443]);
    for (const wrong of ['192.168.0.0', '192.168.0.0/33', 'lan/8', '010.0.0.0/8', '10/8'])
      expect(() => read(wrong, '')).toThrow('NIGHTJAR_ADAPTER_URL_FRAME_NETWORKS');
    for (const wrong of ['http', '65536', '-1']) expect(() => read('', wrong)).toThrow('NIGHTJAR_ADAPTER_URL_FRAME_PORTS');
  });
});

describe('engineEnvironment', () => {
  it('hands the machine on, but no setting and no credential', () => {
    const environment = {
      PATH: '/bin',
      CUDA_VISIBLE_DEVICES: '1',
      API_KEY: 'a',
      NATS_URL: 'b',
      DATABASE_URL: 'c',
      NIGHTJAR_SECRET_KEY: 'd',
      NIGHTJAR_X: 'e',
    };
    expect(engineEnvironment(environment)).toEqual({ PATH: '/bin', CUDA_VISIBLE_DEVICES: '1' });
  });
});
