import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@nightjar/runtime';
import { TestPictureCamera, until } from '@nightjar/testing';
import { decodeFrames } from '../decode-frames.js';
import { findFfmpeg, type FfmpegBinary } from '../find-ffmpeg.js';
import { JpegSplitter } from '../jpeg-splitter.js';
import { readUnits } from '../read-units.js';
import { readUnitsDirectly } from '../rtsp-client/read-units-directly.js';
import { probeCamera } from '../rtsp-relay/probe-camera.js';
import { HttpCamera } from './http-camera.js';

const credentials = { username: 'watch', password: 'p:ss"w\\rd' };

/** The address with credentials in it. */
function withCredentials(url: string, { password, username } = credentials): string {
  const whole = new URL(url);
  whole.username = encodeURIComponent(username);
  whole.password = encodeURIComponent(password);
  return whole.href;
}

describe('a camera that speaks HTTP', () => {
  let ffmpeg: FfmpegBinary;
  let camera: TestPictureCamera;
  const opened: HttpCamera[] = [];
  const others: TestPictureCamera[] = [];

  beforeAll(async () => {
    const found = await findFfmpeg({});
    if (!found) throw new Error('these tests need FFmpeg');
    ffmpeg = found;
    camera = await TestPictureCamera.start();
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) one.close();
    await Promise.all(others.splice(0).map((one) => one.stop()));
  });
  afterAll(() => camera?.stop());

  const open = (url: string, options?: Parameters<typeof HttpCamera.open>[1]) => {
    const one = HttpCamera.open(url, options);
    opened.push(one);
    let bytes = Buffer.alloc(0);
    one.parts.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
    return { camera: one, pictures: () => new JpegSplitter({ skipsHeaders: true }).push(bytes) };
  };
  const another = async (options: Parameters<typeof TestPictureCamera.start>[0]) => {
    const one = await TestPictureCamera.start(options);
    others.push(one);
    return one;
  };
  const saidBy = async (url: string, options?: Parameters<typeof HttpCamera.open>[1]) => {
    const { camera: one } = open(url, options);
    await until(() => one.problem !== undefined);
    return one.problem;
  };

  it('gives the pictures of its stream, whole', async () => {
    const { pictures } = open(camera.url('/stream'));
    await until(() => pictures().length >= 5);
    for (const { bytes, height, width } of pictures()) {
      expect([width, height]).toEqual([320, 240]);
      expect([bytes.subarray(0, 2).toString('hex'), bytes.subarray(-2).toString('hex')]).toEqual(['ffd8', 'ffd9']);
    }
  });

  it('is asked again and again where it gives one picture an answer, over one connection at a time', async () => {
    const before = camera.seen.length;
    const { pictures } = open(camera.url('/picture?channel=1'), { snapshotEveryMs: 50 });
    await until(() => pictures().length >= 3);
    expect(camera.seen.slice(before).every((path) => path === '/picture?channel=1')).toBe(true);
  });

  it.each(['basic', 'digest'] as const)('gets its password as %s asks for it, also for each picture', async (scheme) => {
    const locked = await another({ credentials: { ...credentials, scheme } });
    const { pictures } = open(withCredentials(locked.url('/picture')), { snapshotEveryMs: 50 });
    await until(() => pictures().length >= 2);
    expect(await saidBy(withCredentials(locked.url('/stream'), { ...credentials, password: 'wrong' }))).toMatchObject({
      code: 'unavailable',
      message: 'the camera refuses the user name or the password',
    });
    expect(await saidBy(locked.url('/stream'))).toMatchObject({ message: 'the camera refuses the user name or the password' });
  });

  it('is read over https with a certificate of its own', async () => {
    const encrypted = await another({ isTls: true });
    const { pictures } = open(encrypted.url('/stream'));
    await until(() => pictures().length >= 2);
    expect(await saidBy(camera.url('/stream').replace('http:', 'https:'))).toMatchObject({
      message: 'the camera does not speak https at this address and port',
    });
  });

  it.each([
    ['/moved', 'the camera sends us to another address, which is not followed'],
    ['/page', 'the camera sends no pictures at this address, but something else'],
    ['/nothing', 'the camera has no pictures at this address'],
  ])('says what is wrong at %s, and follows nothing', async (path, message) => {
    const before = camera.seen.length;
    expect(await saidBy(camera.url(path))).toMatchObject({ code: 'unavailable', message });
    expect(camera.seen.slice(before)).toEqual([path]);
  });

  it('is given up when it sends nothing, and has ended when it hangs up', async () => {
    expect(await saidBy(camera.url('/silent'), { silenceMsMax: 200 })).toMatchObject({ message: 'the camera sends nothing' });
    const { camera: one, pictures } = open(camera.url('/stream'));
    await until(() => pictures().length > 0);
    camera.hangUp();
    await until(() => one.problem !== undefined);
    expect(one.problem).toMatchObject({ code: 'unavailable', message: 'the stream of the camera ended' });
  });

  it('is let go when nobody reads it any more', async () => {
    const { camera: one, pictures } = open(camera.url('/stream'));
    await until(() => pictures().length > 0 && camera.viewerCount === 1);
    one.close();
    await until(() => camera.viewerCount === 0);
  });

  it('keeps no pictures for a reader that does not read', async () => {
    const one = HttpCamera.open(camera.url('/picture'), { snapshotEveryMs: 1 });
    opened.push(one);
    const seen = camera.seen.length;
    // Some 300 pictures are more than the bound of 4 MiB.
    await until(() => camera.seen.length > seen + 400);
    expect((one.parts as unknown as { writableLength: number; readableLength: number }).writableLength).toBeLessThan(4.2 * 1024 * 1024);
  });

  it('is probed and decoded, and tells who wants units that it has none', async () => {
    const signal = new AbortController().signal;
    expect(await probeCamera({ ffmpeg, url: camera.url('/stream'), signal })).toEqual({
      codec: 'mjpeg',
      width: 320,
      height: 240,
      soundEncoding: undefined,
    });
    const frames = decodeFrames({
      ffmpeg,
      input: { kind: 'camera', url: camera.url('/stream') },
      samplesPerSecond: 5,
      samplesPerPicture: 1,
      signal,
      clock: systemClock,
    });
    const taken: string[] = [];
    for await (const { luma, picture } of frames) {
      taken.push(`${picture?.width}x${picture?.height} ${luma.width}x${luma.height}`);
      if (taken.length === 3) break;
    }
    expect(taken).toEqual(new Array(3).fill('320x240 160x90'));
    await until(() => camera.viewerCount === 0);
    const units = { ffmpeg, url: camera.url('/stream'), signal, clock: systemClock, onUnit: () => undefined };
    await expect(readUnits(units)).rejects.toMatchObject({ code: 'unprocessable' });
    await expect(readUnitsDirectly(units)).rejects.toMatchObject({ code: 'unprocessable' });
  });

  it('whose address is another scheme is refused without a word of its password', () => {
    expect(() => HttpCamera.open('ftp://watch:secret@127.0.0.1/')).toThrow(
      /^the address of such a camera begins with http:\/\/ or https:\/\/$/,
    );
  });
});
