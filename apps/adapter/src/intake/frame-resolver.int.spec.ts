import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { frameBytesMax, framePartBytesMax, readFrame } from '@nightjar/contracts';
import { Bus, WithBody } from '@nightjar/messaging';
import { AppError, createLogger, sleep } from '@nightjar/runtime';
import { startTestBus, until, type TestBus } from '@nightjar/testing';
import { BusFrames } from './bus-frames.js';
import { FrameResolver } from './frame-resolver.js';
import { FramesDirectory } from './frames-directory.js';
import { pathStrings } from './path-strings.fixture.js';

const timeoutMs = 60_000;
const logger = createLogger({ service: 'test', level: 'silent' });

describe('frames from a directory', () => {
  let base: string;
  let frames: FrameResolver;
  const read = (uri: string) => frames.read(uri, { timeoutMs });

  beforeAll(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'nightjar-frames-'));
    const root = path.join(base, 'frames');
    await mkdir(path.join(root, 'camera_0'), { recursive: true });
    await writeFile(path.join(root, 'camera_0', 'latest.jpg'), 'picture');
    await writeFile(path.join(root, 'camera_0', 'huge.jpg'), Buffer.alloc(101));
    await mkdir(path.join(root, 'camera_0', 'folder'));
    await writeFile(path.join(base, 'secret.jpg'), 'secret');
    await symlink(path.join(base, 'secret.jpg'), path.join(root, 'camera_0', 'link-out.jpg'));
    await symlink('latest.jpg', path.join(root, 'camera_0', 'link-in.jpg'));
    await symlink(base, path.join(root, 'camera_out'));
    await symlink('loop.jpg', path.join(root, 'camera_0', 'loop.jpg'));
    await promisify(execFile)('mkfifo', [path.join(root, 'camera_0', 'pipe.jpg')]);
    frames = new FrameResolver({ directory: new FramesDirectory(root, 100), bus: undefined, allowed: undefined });
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  it('reads both forms of a URI', async () => {
    for (const uri of ['opennvr://frames/camera_0/latest.jpg', 'opennvr://camera_0/latest.jpg']) {
      expect((await read(uri)).bytes.toString()).toBe('picture');
    }
  });

  it.each([
    'opennvr://frames/../secret.jpg',
    'opennvr://frames/camera_0/../../secret.jpg',
    'opennvr://frames/camera_0/..',
    'opennvr://frames//etc/passwd',
    'opennvr://frames/camera_0/%2e%2e/secret.jpg',
    'opennvr://frames/camera_0\\..\\secret.jpg',
    'opennvr://frames/camera_0/latest.jpg\0.png',
    'opennvr://camera_0/link-out.jpg',
    'opennvr://camera_0/link-in.jpg',
    'opennvr://camera_0/loop.jpg',
    'opennvr://audio/speech.wav',
    'file:///etc/passwd',
    'ftp://127.0.0.1/latest.jpg',
    '__proto__',
    '',
  ])('refuses %j', async (uri) => {
    await expect(read(uri)).rejects.toMatchObject({ code: 'invalid_argument', message: 'Invalid frame URI' });
  });

  it.each([
    'opennvr://camera_0/missing.jpg',
    'opennvr://missing/latest.jpg',
    'opennvr://camera_0/folder',
    'opennvr://camera_0/pipe.jpg',
    'opennvr://camera_out/secret.jpg',
  ])('does not find %s', async (uri) => {
    await expect(read(uri)).rejects.toMatchObject({ code: 'not_found', message: 'Frame not found' });
  });

  it('reads a frame while it is replaced again and again', async () => {
    const latest = path.join(base, 'frames', 'camera_0', 'replaced.jpg');
    await writeFile(latest, 'picture');
    let reading = true;
    const replacing = (async () => {
      while (reading) {
        await writeFile(`${latest}.part`, 'picture');
        await rename(`${latest}.part`, latest);
        await sleep(2);
      }
    })();
    const reads = await Promise.allSettled(Array.from({ length: 200 }, () => read('opennvr://camera_0/replaced.jpg')));
    reading = false;
    await replacing;
    expect(reads.map((result) => (result.status === 'fulfilled' ? result.value.bytes.toString() : result.reason))).toEqual(
      new Array(200).fill('picture'),
    );
  });

  it('refuses a frame above the limit', async () => {
    await expect(read('opennvr://camera_0/huge.jpg')).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('reads only the directories it is allowed to', async () => {
    const limited = new FrameResolver({
      directory: new FramesDirectory(path.join(base, 'frames'), 100),
      bus: undefined,
      allowed: new Set(['camera_9']),
    });
    await expect(limited.read('opennvr://camera_0/latest.jpg', { timeoutMs })).rejects.toMatchObject({ code: 'permission_denied' });
  });
});

describe('frames over the bus', () => {
  let testBus: TestBus;
  let nvr: Bus;
  let bus: Bus;
  let frames: FrameResolver;
  const picture = Buffer.alloc(framePartBytesMax * 2 + 77, 7);
  let versions: number[] = [];
  /** What the NVR was asked for. */
  let asked: string[] = [];

  beforeAll(async () => {
    testBus = await startTestBus();
    nvr = Bus.open({ url: testBus.url, name: 'nvr', logger });
    bus = Bus.open({ url: testBus.url, name: 'adapter', logger });
    await Promise.all([nvr, bus].map((one) => one.ready(AbortSignal.timeout(timeoutMs))));
    nvr.serve(readFrame, ({ uri, offset }) => {
      asked.push(uri);
      if (uri.endsWith('missing.jpg')) throw new AppError('not_found', 'Frame not found');
      const sizes: Record<string, number> = {
        'huge.jpg': frameBytesMax + 1,
        'short.jpg': picture.length + 1,
        'long.jpg': picture.length - 1,
        'growing.jpg': picture.length + offset,
      };
      const sizeBytes = sizes[uri.split('/').at(-1)!] ?? picture.length;
      const modified = versions.shift() ?? 1;
      return new WithBody({ size_bytes: sizeBytes, modified_unix_ms: modified }, picture.subarray(offset, offset + framePartBytesMax));
    });
    const noDirectory = new FramesDirectory(path.join(os.tmpdir(), 'nightjar-no-such-directory'), 100);
    frames = new FrameResolver({ directory: noDirectory, bus: new BusFrames(bus), allowed: undefined });
    // Once the server knows who serves.
    await until(() =>
      read('latest.jpg').then(
        () => true,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    await Promise.all([bus.close(), nvr.close()]);
    await testBus.stop();
  });
  const read = (file: string) => frames.read(`opennvr://camera_0/${file}`, { timeoutMs });

  it('joins the parts of a large picture', async () => {
    expect((await read('latest.jpg')).bytes.equals(picture)).toBe(true);
  });

  it('starts again when the picture was replaced in the middle', async () => {
    versions = [1, 2, 2, 2, 2];
    expect((await read('latest.jpg')).bytes.equals(picture)).toBe(true);
    expect(versions).toEqual([]);
  });

  it('passes on what the NVR says', async () => {
    await expect(read('missing.jpg')).rejects.toMatchObject({ code: 'not_found', message: 'Frame not found' });
    await expect(read('huge.jpg')).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it.each([
    ['short.jpg', 'the frame ends too early'],
    ['long.jpg', 'the frame is longer than it says'],
    ['growing.jpg', 'the frame changes faster than it can be read'],
  ])('T21: refuses %s, whose size is a lie', async (file, message) => {
    await expect(read(file)).rejects.toMatchObject({ code: 'unavailable', message });
  });

  it('T2: asks the NVR for nothing that is no frame', async () => {
    asked = [];
    const outcomes = await Promise.allSettled(pathStrings.map((uri) => frames.read(uri, { timeoutMs })));
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(pathStrings.length - 1);
    expect(asked.filter((uri) => !/^opennvr:\/\/frames\/camera_0\.\.\/secret\.jpg$/.test(uri))).toEqual([]);
  });
});
