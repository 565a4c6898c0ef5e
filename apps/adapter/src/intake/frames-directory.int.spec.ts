import { execFile } from 'node:child_process';
import { link, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FrameResolver } from './frame-resolver.js';
import { FramesDirectory } from './frames-directory.js';
import { pathStrings } from './path-strings.fixture.js';

const timeoutMs = 60_000;
const run = promisify(execFile);

describe('T2 and R15 (CVE-2025-62382, GHSA-pqfr-m69j-4mq2): what lies outside the frames directory', () => {
  let base: string;
  let root: string;
  let camera: string;
  let listener: Server;
  let frames: FrameResolver;
  const read = async (uri: string) => (await frames.read(uri, { timeoutMs })).bytes.toString();
  const outcome = (uri: string) => read(uri).catch((error: { code: string; message: string }) => `${error.code}: ${error.message}`);

  beforeAll(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'nightjar-frames-'));
    root = path.join(base, 'frames');
    camera = path.join(root, 'camera_0');
    await mkdir(path.join(camera, 'folder.jpg'), { recursive: true });
    await mkdir(path.join(base, 'outside'));
    await mkdir(path.join(base, 'etc'));
    for (const file of ['secret.jpg', 'outside/secret.jpg', 'outside/latest.jpg', 'etc/passwd', 'frames/secret.jpg'])
      await writeFile(path.join(base, file), 'secret');
    for (const file of ['latest.jpg', 'latest.2026-11-22.jpg', 'a..jpg', '-rf', '__proto__', 'constructor'])
      await writeFile(path.join(camera, file), 'picture');
    for (const name of ['camera.1', '__proto__', '-rf']) {
      await mkdir(path.join(root, name));
      await writeFile(path.join(root, name, 'latest.jpg'), 'picture');
    }
    // Files that are there, under names that no URI may have.
    for (const name of ['.hidden.jpg', '..jpg', '%2e%2e', 'latest.jpg%00', '..\\secret.jpg', 'latest.jpg '])
      await writeFile(path.join(camera, name), 'secret');
    const links = {
      'to-secret.jpg': '../../secret.jpg',
      'to-absolute.jpg': path.join(base, 'secret.jpg'),
      'to-passwd': '/etc/passwd',
      'to-environ': '/proc/self/environ',
      'to-zero.jpg': '/dev/zero',
      'to-inside.jpg': 'latest.jpg',
      'to-link.jpg': 'to-secret.jpg',
      'to-itself.jpg': 'to-itself.jpg',
      'to-nothing.jpg': 'nothing.jpg',
      'to-folder': path.join(base, 'outside'),
      'to-root': '/',
    };
    for (const [name, target] of Object.entries(links)) await symlink(target, path.join(camera, name));
    await symlink(path.join(base, 'outside'), path.join(root, 'camera_out'));
    await symlink('/', path.join(root, 'camera_root'));
    await symlink('/etc', path.join(root, 'camera_etc'));
    await symlink('camera_out', path.join(root, 'camera_far'));
    await symlink('/proc/self', path.join(root, 'camera_proc'));
    await symlink('camera_0', path.join(root, 'camera_in'));
    await run('mkfifo', [path.join(camera, 'pipe.jpg'), path.join(root, 'camera_pipe')]);
    listener = createServer();
    await new Promise<void>((resolve) => listener.listen(path.join(camera, 'socket.jpg'), resolve));
    frames = new FrameResolver({ directory: new FramesDirectory(root, 100), bus: undefined, allowed: undefined });
  });
  afterAll(async () => {
    await new Promise((resolve) => listener.close(resolve));
    await rm(base, { recursive: true, force: true });
  });

  it(`is reached by none of ${pathStrings.length} texts`, async () => {
    expect(pathStrings.length).toBeGreaterThanOrEqual(400);
    const outcomes = await Promise.all(pathStrings.map(async (uri) => [uri, await outcome(uri)]));
    const others = outcomes.filter(([, text]) => text !== 'invalid_argument: Invalid frame URI');
    // A frame URI with an odd name, and no directory is called that.
    expect(others).toEqual([['opennvr://camera_0../secret.jpg', 'not_found: Frame not found']]);
  });

  it.each([
    ...['latest.jpg', 'latest.2026-11-22.jpg', 'a..jpg', '-rf', '__proto__', 'constructor'].map((file) => `camera_0/${file}`),
    ...['camera.1/latest.jpg', '__proto__/latest.jpg', '-rf/latest.jpg'],
  ])('has nothing to do with %s, which is a frame', async (name) => {
    expect(await read(`opennvr://frames/${name}`)).toBe('picture');
    expect(await read(`opennvr://${name}`)).toBe('picture');
  });

  it.each([
    'to-secret.jpg',
    'to-absolute.jpg',
    'to-passwd',
    'to-environ',
    'to-zero.jpg',
    'to-inside.jpg',
    'to-link.jpg',
    'to-itself.jpg',
    'to-nothing.jpg',
    'to-folder',
    'to-root',
  ])('is not reached through the link %s', async (file) =>
    expect(await outcome(`opennvr://camera_0/${file}`)).toBe('invalid_argument: Invalid frame URI'),
  );

  it.each([
    ...[
      'camera_out/secret.jpg',
      'camera_out/latest.jpg',
      'camera_far/secret.jpg',
      'camera_root/etc',
      'camera_etc/passwd',
      'camera_proc/environ',
    ],
    ...[
      'camera_in/latest.jpg',
      'camera_pipe/latest.jpg',
      'secret.jpg/latest.jpg',
      'camera_0/folder.jpg',
      'camera_0/pipe.jpg',
      'camera_0/socket.jpg',
    ],
    ...['camera_0/missing.jpg', 'missing/latest.jpg', 'constructor/latest.jpg', 'camera_0/LATEST.JPG'],
  ])('is not reached through %s, where no frame is', async (name) => {
    expect(await outcome(`opennvr://${name}`)).toBe('not_found: Frame not found');
  });

  it('is not reached while directory and file are swapped for links again and again', async () => {
    const swapped = path.join(root, 'camera_swapped');
    const away = path.join(root, 'camera_away');
    const linked = path.join(base, 'linked');
    await mkdir(swapped);
    await writeFile(path.join(swapped, 'latest.jpg'), 'picture');
    await symlink(path.join(base, 'outside'), linked);
    let reading = true;
    let swaps = 0;
    const swapping = (async () => {
      while (reading) {
        await rename(swapped, away);
        await rename(linked, swapped);
        await rename(swapped, linked);
        await rename(away, swapped);
        await rename(path.join(swapped, 'latest.jpg'), path.join(swapped, 'kept.jpg'));
        await symlink(path.join(base, 'secret.jpg'), path.join(swapped, 'latest.jpg'));
        await rename(path.join(swapped, 'kept.jpg'), path.join(swapped, 'latest.jpg'));
        swaps++;
      }
    })();
    const seen = new Map<string, number>();
    for (let round = 0; round < 400; round++) {
      const text = await outcome('opennvr://camera_swapped/latest.jpg');
      seen.set(text, (seen.get(text) ?? 0) + 1);
    }
    reading = false;
    await swapping;
    expect(swaps).toBeGreaterThan(0);
    const harmless = ['picture', 'not_found: Frame not found', 'invalid_argument: Invalid frame URI'];
    expect([...seen.keys()].filter((text) => !harmless.includes(text))).toEqual([]);
  });

  it('stays closed when somebody asks for a directory that is not allowed', async () => {
    const limited = new FrameResolver({ directory: new FramesDirectory(root, 100), bus: undefined, allowed: new Set(['camera.1']) });
    await expect(limited.read('opennvr://camera_0/latest.jpg', { timeoutMs })).rejects.toMatchObject({ code: 'permission_denied' });
    await expect(limited.read('opennvr://__proto__/latest.jpg', { timeoutMs })).rejects.toMatchObject({ code: 'permission_denied' });
    expect((await limited.read('opennvr://camera.1/latest.jpg', { timeoutMs })).bytes.toString()).toBe('picture');
  });
});

describe('T21: frames whose size is not what it seems', () => {
  let base: string;
  let camera: string;
  const signal = AbortSignal.timeout(60_000);
  const open = (root = base) => new FramesDirectory(root, 1_000);

  beforeAll(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'nightjar-frames-'));
    camera = path.join(base, 'camera_0');
    await mkdir(camera);
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  it('are read up to the limit and no further', async () => {
    await writeFile(path.join(camera, 'largest.jpg'), Buffer.alloc(1_000, 7));
    await writeFile(path.join(camera, 'larger.jpg'), Buffer.alloc(1_001, 7));
    await writeFile(path.join(camera, 'sparse.jpg'), '');
    await truncate(path.join(camera, 'sparse.jpg'), 2 ** 40);
    expect(await open().read({ directory: 'camera_0', file: 'largest.jpg' }, signal)).toEqual(Buffer.alloc(1_000, 7));
    for (const file of ['larger.jpg', 'sparse.jpg'])
      await expect(open().read({ directory: 'camera_0', file }, signal)).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('are read up to the size that was checked, though more is there', async () => {
    // Files of /proc say that they are empty, and are not.
    const bytes = await open('/proc').read({ directory: String(process.pid), file: 'status' }, signal);
    expect(bytes).toHaveLength(0);
  });

  it('are read as they are when they have other names too', async () => {
    await writeFile(path.join(camera, 'event.jpg'), 'picture');
    await link(path.join(camera, 'event.jpg'), path.join(camera, 'latest.jpg'));
    expect((await open().read({ directory: 'camera_0', file: 'latest.jpg' }, signal)).toString()).toBe('picture');
  });
});

describe('frames of a disk that hangs', () => {
  it('are waited for until the deadline, or until the caller hangs up', async () => {
    const base = await mkdtemp(path.join(os.tmpdir(), 'nightjar-frames-'));
    await mkdir(path.join(base, 'camera_0'));
    await writeFile(path.join(base, 'camera_0', 'latest.jpg'), 'picture');
    const directory = new FramesDirectory(base, 100);
    const frame = { directory: 'camera_0', file: 'latest.jpg' };
    await expect(directory.read(frame, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    const reads = await Promise.allSettled(Array.from({ length: 512 }, () => directory.read(frame, AbortSignal.timeout(timeoutMs))));
    const refused = reads.filter((read) => read.status === 'rejected').map(({ reason }) => (reason as { code: string }).code);
    // The read that nobody waits for any more still counts, until the disk has answered.
    expect(refused).toEqual(['overloaded']);
    expect((await directory.read(frame, AbortSignal.timeout(timeoutMs))).toString()).toBe('picture');
    await rm(base, { recursive: true, force: true });
  });
});
