import { describe, expect, it } from '@jest/globals';
import { DeviceMemory, usedBytesOf, type DeviceMeter } from './device-memory.js';
import type { ModelStatus } from './protocol.js';
import { ResidentModels, type ModelHolder } from './resident-models.js';

const mebibyte = 1024 ** 2;
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => quiet };

/** Models of `held` MiB on a device, and a meter that sees them, or nothing. */
class Device {
  readonly loaded = new Set<string>();
  blind = false;
  /** What the process holds beside models. */
  otherMebibytes = 0;
  /** Of what a model holds, how much its files are; half of it is what is expected of files. */
  filesShare = 0.5;
  loads = 0;

  constructor(
    private readonly held: Readonly<Record<string, number>>,
    private readonly on = 'cuda',
  ) {}

  readonly meter: DeviceMeter = {
    usedBytes: async () =>
      this.blind ? undefined : [...this.loaded].reduce((sum, key) => sum + this.held[key]!, this.otherMebibytes) * mebibyte,
  };

  open(vramMebibytes: number, preload: readonly string[] = []): ResidentModels {
    const states = () =>
      Object.entries(this.held).map(
        ([key, mebibytes]) =>
          ({
            name: key.split('@')[0],
            version: '1',
            device: this.on,
            sizeBytes: mebibytes * mebibyte * this.filesShare,
            loaded: this.loaded.has(key),
          }) as ModelStatus,
      );
    const holder: ModelHolder = {
      has: () => true,
      resolve: (_kind, reference) => reference!,
      resolveAny: (reference) => reference,
      isLoaded: (key) => this.loaded.has(key),
      load: async (key) => (this.loads++, this.loaded.add(key), undefined as never),
      unload: async (key) => void this.loaded.delete(key),
      states,
      verifyAll: async () => undefined,
    };
    const settings = { modelCacheDir: '', preload, logLevel: 'silent', vramBudgetBytes: vramMebibytes * mebibyte };
    return new ResidentModels({ holder, settings, logger: quiet, onChange: () => undefined, deviceMeter: this.meter });
  }
}

const models = { 'a@1': 300, 'b@1': 200, 'c@1': 400 };

describe('the memory of a GPU', () => {
  it.each([false, true])(
    'makes the least recently used models go before one is loaded that would not fit (blind meter: %s)',
    async (blind) => {
      const device = new Device(models);
      device.blind = blind;
      const resident = device.open(600);
      for (const key of ['a@1', 'b@1', 'a@1', 'c@1']) await use(resident, key);
      // b was used before a; both had to go, since 300 + 400 are more than 600.
      expect([...device.loaded]).toEqual(['c@1']);
      await use(resident, 'b@1');
      expect([...device.loaded].sort()).toEqual(['b@1', 'c@1']);
    },
  );

  it('refuses a model that never fits, and one for which those in use leave no room', async () => {
    const device = new Device(models);
    await expect(device.open(350).load('c@1')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('GPU') });
    const resident = device.open(450);
    const run = resident.openRun();
    await run.use('detector', 'a@1');
    await expect(resident.load('b@1')).rejects.toMatchObject({ code: 'overloaded' });
    run.close();
    await resident.load('b@1');
    expect([...device.loaded]).toEqual(['b@1']);
  });

  it('gives back a model that turns out too large beside those that may not go, says what it takes, and does not try again', async () => {
    const device = new Device(models);
    device.filesShare = 0.01;
    const resident = device.open(450, ['a@1']);
    await resident.start();
    const answer = { code: 'unavailable', message: expect.stringMatching(/"b@1" needs about 200 MiB.* 450 MiB of the GPU/) };
    await expect(resident.load('b@1')).rejects.toMatchObject(answer);
    expect([...device.loaded]).toEqual(['a@1']);
    await expect(resident.load('b@1')).rejects.toMatchObject(answer);
    expect(device.loads).toBe(2);
  });

  it('gives back a model that turns out too large beside one in use, and takes it when that one is not needed', async () => {
    const device = new Device(models);
    device.filesShare = 0.01;
    const resident = device.open(450);
    const run = resident.openRun();
    await run.use('detector', 'a@1');
    await expect(resident.load('b@1')).rejects.toMatchObject({ code: 'overloaded' });
    expect([...device.loaded]).toEqual(['a@1']);
    run.close();
    await resident.load('b@1');
    expect([...device.loaded]).toEqual(['b@1']);
  });

  it('refuses to start with a model to preload that its budget does not hold', async () => {
    const device = new Device(models);
    device.filesShare = 0.01;
    await expect(device.open(250, ['a@1']).start()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it.each([
    ['there is no budget', 'cuda', 0],
    ['they run on the processor', 'cpu', 1],
  ])('lets all models stay when %s', async (_why, on, vramMebibytes) => {
    const device = new Device(models, on);
    device.blind = true;
    const resident = device.open(vramMebibytes);
    for (const key of Object.keys(models)) await resident.load(key);
    expect(device.loaded.size).toBe(3);
  });

  it('keeps no model of the processor out when it is full by itself', async () => {
    const device = new Device(models, 'cpu');
    device.otherMebibytes = 900;
    await device.open(600).load('a@1');
    expect([...device.loaded]).toEqual(['a@1']);
  });
});

describe('DeviceMemory', () => {
  it('knows a model by the rise over its load, and guesses where the meter sees nothing', async () => {
    let used: number | undefined = 0;
    const memory = new DeviceMemory({ usedBytes: async () => used });
    const model = { key: 'a@1', device: 'cuda', sizeBytes: 100 * mebibyte };
    expect(memory.bytesOf(model)).toBe(200 * mebibyte);
    await memory.measure('a@1', async () => (used = 0));
    expect(memory.bytesOf(model)).toBe(200 * mebibyte);
    expect(await memory.usedBytes([model])).toBe(200 * mebibyte);
    used = 50 * mebibyte;
    await memory.measure('a@1', async () => (used = 370 * mebibyte));
    expect(memory.bytesOf(model)).toBe(320 * mebibyte);
    expect(await memory.usedBytes([model])).toBe(370 * mebibyte);
    expect(memory.bytesOf({ ...model, device: 'cpu' })).toBe(0);
  });

  it("reads what NVIDIA's tool says of a process on all GPUs", () => {
    expect(usedBytesOf(12, '7, 100\n12, 300\n12, 41\n112, 9\n')).toBe(341 * mebibyte);
    expect(usedBytesOf(12, '12, [N/A]\n')).toBe(0);
    expect(usedBytesOf(12, '')).toBe(0);
  });
});

async function use(resident: ResidentModels, key: string): Promise<void> {
  const run = resident.openRun();
  await run.use('detector', key);
  run.close();
}
