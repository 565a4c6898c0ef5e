import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DecodeReport } from '@nightjar/contracts';
import { findFfmpeg, hardwareDecoders, whyNoHardware, type FfmpegBinary } from '@nightjar/media';
import { createLogger, systemClock } from '@nightjar/runtime';
import { startTestBus, startTestCamera, until, type TestBus } from '@nightjar/testing';
import { AgentFixture } from '../agent.fixture.js';
import { CameraSource } from '../sources/camera-source.js';

let ffmpeg: FfmpegBinary;
let bus: TestBus;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let fixture: AgentFixture | undefined;

beforeAll(async () => {
  [bus, camera] = await Promise.all([startTestBus(), startTestCamera()]);
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
});
afterEach(() => fixture?.close());
afterAll(async () => {
  await camera?.close();
  await bus?.stop();
});

/** A kind of hardware that is not to be had on this machine. */
async function missing(): Promise<(typeof hardwareDecoders)[number]> {
  for (const hardware of hardwareDecoders) if ((await whyNoHardware(ffmpeg, hardware)) !== undefined) return hardware;
  throw new Error('this machine has every decoder there is: nothing is missing to be told of');
}

describe('a decoder of hardware that is not there', () => {
  it('leaves the camera to the CPU from the start, and everybody who asks is told why', async () => {
    const hardware = await missing();
    fixture = await AgentFixture.start({ natsUrl: bus.url, config: { hardware } });
    fixture.assign(camera.url);
    await until(() => (fixture?.overlays.length ?? 0) >= 2);
    const { streams } = (await (await fetch(`${fixture.agent.url}/decoding`)).json()) as { streams: unknown[] };
    const report = DecodeReport.parse(streams[0]);
    expect(report).toMatchObject({
      hardware: 'none',
      hardware_because: expect.stringContaining(`FFmpeg reaches no ${hardware} device here: `),
    });
  });

  it('is given up for the CPU when it went away while the agent runs: frames come within seconds', async () => {
    const hardware = await missing();
    const logger = createLogger({ service: 'agent', level: 'silent' });
    const source = new CameraSource({ ffmpeg, url: camera.url, framesPerSecond: 4, hardware, clock: systemClock, logger });
    const stopping = new AbortController();
    let frames = 0;
    const running = source.run({ onFrame: () => frames++, onState: () => undefined }, stopping.signal);
    await until(() => frames >= 4);
    expect(source.decoding).toMatchObject({ isConnected: true, watched: { hardware: undefined } });
    stopping.abort();
    await running;
  });

  it('is nothing to explain where nobody asked for hardware', async () => {
    fixture = await AgentFixture.start({ natsUrl: bus.url });
    fixture.assign(camera.url);
    await until(() => (fixture?.overlays.length ?? 0) >= 1);
    const { streams } = (await (await fetch(`${fixture.agent.url}/decoding`)).json()) as { streams: object[] };
    expect(streams).toMatchObject([{ hardware: 'none', hardware_because: null }]);
  });
});
