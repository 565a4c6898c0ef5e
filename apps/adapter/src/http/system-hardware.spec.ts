import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { parseGpus, SystemHardware } from './system-hardware.js';

describe('SystemHardware', () => {
  afterEach(() => void jest.restoreAllMocks());

  const goOn = (seconds: number) => {
    const nowMs = performance.now() + seconds * 1_000;
    jest.spyOn(performance, 'now').mockReturnValue(nowMs);
  };

  it('asks again for what is older than ten seconds before it shows it, and not sooner', async () => {
    let usedMebibytes = 0;
    // From here on the time is this one's alone.
    goOn(0);
    const hardware = new SystemHardware(async () => `T4, 15360, ${usedMebibytes}`);
    await hardware.read();
    usedMebibytes = 900;
    goOn(9);
    expect((await hardware.read()).gpu).toMatchObject([{ vram_used_mb: 0 }]);
    goOn(2);
    expect((await hardware.read()).gpu).toMatchObject([{ vram_used_mb: 900 }]);
  });

  it('shows the last answer where the tool takes its time, and asks it once for all who wait', async () => {
    let asked = 0;
    const hardware = new SystemHardware(() => (asked++ === 0 ? Promise.resolve('T4, 15360, 7') : new Promise(() => undefined)));
    await hardware.read();
    goOn(11);
    const readings = await Promise.all([hardware.read(), hardware.read()]);
    for (const { gpu } of readings) expect(gpu).toMatchObject([{ vram_used_mb: 7 }]);
    expect(asked).toBe(2);
  });

  it('does not ask a tool again that is not there', async () => {
    let asked = 0;
    const hardware = new SystemHardware(async () => Promise.reject(new Error(`ENOENT ${asked++}`)));
    expect((await hardware.read()).gpu).toEqual([]);
    goOn(11);
    await hardware.read();
    expect(asked).toBe(1);
  });
});

describe('parseGpus', () => {
  it('reads one GPU a line', () => {
    expect(parseGpus('NVIDIA H100 80GB HBM3, 81559, 1024\nNVIDIA T4, 15360, 0\n')).toEqual([
      { name: 'NVIDIA H100 80GB HBM3', vram_total_mb: 81_559, vram_used_mb: 1_024 },
      { name: 'NVIDIA T4', vram_total_mb: 15_360, vram_used_mb: 0 },
    ]);
  });

  it('shows no GPU for what is no answer', () => {
    expect(parseGpus('')).toEqual([]);
    expect(parseGpus('No devices were found\n')).toEqual([]);
    expect(parseGpus('NVIDIA T4, [N/A], [N/A]\n')).toEqual([]);
  });
});
