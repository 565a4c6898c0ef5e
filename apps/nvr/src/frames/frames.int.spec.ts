import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFrame } from '@nightjar/contracts';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

describe('a picture over the bus', () => {
  const read = (uri: string, offset = 0) => nvr.bus.requestWithBody(readFrame, { uri, offset }, { timeoutMs: 60_000 });

  it('comes in parts of half a megabyte, with size and time', async () => {
    const picture = Buffer.alloc(700_000, 7);
    await mkdir(path.join(nvr.config.framesDir, 'big'), { recursive: true });
    await writeFile(path.join(nvr.config.framesDir, 'big', 'a.jpg'), picture);
    const [first, second] = [await read('opennvr://frames/big/a.jpg'), await read('opennvr://big/a.jpg', 524_288)];
    expect([first.value.size_bytes, first.body.length, second.body.length]).toEqual([700_000, 524_288, 700_000 - 524_288]);
    expect(Buffer.concat([first.body, second.body]).equals(picture)).toBe(true);
  });

  it('never comes from elsewhere', async () => {
    await writeFile(path.join(nvr.config.framesDir, '..', 'secret.jpg'), 'secret');
    await symlink(path.join(nvr.config.framesDir, '..', 'secret.jpg'), path.join(nvr.config.framesDir, 'big', 'link.jpg'));
    await symlink(path.join(nvr.config.framesDir, '..'), path.join(nvr.config.framesDir, 'up'));
    for (const uri of ['opennvr://big/link.jpg', 'opennvr://up/secret.jpg', 'opennvr://big/missing.jpg'])
      await expect(read(uri)).rejects.toMatchObject({ code: 'not_found' });
    for (const uri of [
      'opennvr://../secret.jpg',
      'opennvr://big/../../secret.jpg',
      'opennvr://big/%2e%2e',
      'file:///etc/passwd',
      'opennvr://frames//etc/passwd',
    ])
      await expect(read(uri)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('is refused beyond 8 MiB', async () => {
    await writeFile(path.join(nvr.config.framesDir, 'big', 'huge.jpg'), Buffer.alloc(8 * 1024 * 1024 + 1));
    await expect(read('opennvr://big/huge.jpg')).rejects.toMatchObject({ code: 'payload_too_large' });
  });
});
