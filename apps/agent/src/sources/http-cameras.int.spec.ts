import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { createLogger, systemClock } from '@nightjar/runtime';
import { TestPictureCamera, until } from '@nightjar/testing';
import { CameraSource, type CameraState, type LiveFrame } from './camera-source.js';

describe('a camera that speaks HTTP', () => {
  let ffmpeg: FfmpegBinary;
  let camera: TestPictureCamera;

  beforeAll(async () => {
    const found = await findFfmpeg({});
    if (!found) throw new Error('these tests need FFmpeg');
    ffmpeg = found;
    camera = await TestPictureCamera.start();
  });
  afterAll(() => camera?.stop());

  it.each(['/stream', '/picture'])('is analysed picture by picture, and opened again when it hung up: %s', async (path) => {
    const frames: LiveFrame[] = [];
    const states: CameraState[] = [];
    const source = new CameraSource({
      ffmpeg,
      url: camera.url(path),
      framesPerSecond: 4,
      clock: systemClock,
      logger: createLogger({ service: 'agent', level: 'silent' }),
    });
    // No other way is tried first: it would cost a connection each time.
    expect(source.decoding.reading).toBe('pictures');
    const stopping = new AbortController();
    const running = source.run({ onFrame: (frame) => frames.push(frame), onState: (state) => states.push(state) }, stopping.signal);
    await until(() => frames.length >= 2);
    expect(frames.map(({ picture: { height, width } }) => [width, height])[0]).toEqual([320, 240]);
    expect(source.decoding).toMatchObject({ reading: 'pictures', isConnected: true, picture: { width: 320, height: 240 } });
    if (path === '/stream') {
      camera.hangUp();
      await until(() => states.length >= 3);
      expect(states.slice(0, 3)).toEqual([
        { state: 'online' },
        { state: 'offline', reason: 'the stream of the camera ended' },
        { state: 'online' },
      ]);
    }
    stopping.abort();
    await running;
    await until(() => camera.viewerCount === 0);
  });
});
