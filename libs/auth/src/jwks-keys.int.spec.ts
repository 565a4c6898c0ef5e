import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { JwksKeys } from './jwks-keys.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const keyPair = () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { jwk: publicKey.export({ format: 'jwk' }), pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
};
const first = keyPair();
const second = keyPair();

describe('the keys of the NVR', () => {
  let directory: string;
  let cacheFile: string;
  let nvr: Server;
  let url: string;
  let clock: FakeClock;
  let asked: number;
  let published: Record<string, object>;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-jwks-'));
    cacheFile = path.join(directory, 'data', 'jwks.json');
    clock = new FakeClock();
    asked = 0;
    published = { a: first.jwk };
    nvr = createServer((_request, response) => {
      asked++;
      response.end(JSON.stringify({ keys: Object.entries(published).map(([kid, jwk]) => ({ ...jwk, kid })) }));
    });
    await new Promise<void>((resolve) => nvr.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(nvr.address() as AddressInfo).port}/.well-known/jwks.json`;
  });
  afterEach(async () => {
    await goAway();
    await rm(directory, { recursive: true, force: true });
  });

  const goAway = () =>
    new Promise<void>((resolve) => {
      nvr.close(() => resolve());
      nvr.closeAllConnections();
    });
  const open = () => new JwksKeys({ url, cacheFile, clock, logger });

  it('are fetched when a token names one, and once only', async () => {
    const keys = open();
    expect(await Promise.all([keys.find('a'), keys.find('a')])).toEqual([first.pem, first.pem]);
    expect(await keys.find('a')).toBe(first.pem);
    expect(asked).toBe(1);
  });

  it('survive a restart while the NVR is away', async () => {
    await open().find('a');
    await goAway();
    const restarted = open();
    expect(await restarted.find('a')).toBe(first.pem);
    expect(await restarted.find('b')).toBeUndefined();
  });

  it('are kept where only we read them', async () => {
    await open().find('a');
    expect((await stat(cacheFile)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(cacheFile, 'utf8'))).toMatchObject({ keys: [{ kid: 'a' }] });
  });

  it('are not asked for by every id that somebody makes up', async () => {
    const keys = open();
    await keys.find('a');
    for (const kid of Array.from({ length: 500 }, (_none, index) => `made-up-${index}`)) expect(await keys.find(kid)).toBeUndefined();
    for (const kid of ['__proto__', 'constructor', '']) expect(await keys.find(kid)).toBeUndefined();
    expect(asked).toBe(1);
    clock.advance(10_000);
    await Promise.all(Array.from({ length: 50 }, (_none, index) => keys.find(`made-up-${index}`)));
    expect(asked).toBe(2);
  });

  it('are learned 10 s after the last look when the NVR has a new one', async () => {
    const keys = open();
    await keys.find('a');
    published = { a: first.jwk, b: second.jwk };
    expect(await keys.find('b')).toBeUndefined();
    clock.advance(10_000);
    expect(await keys.find('b')).toBe(second.pem);
  });

  it('are given up some minutes after the NVR did', async () => {
    const keys = open();
    await keys.find('a');
    published = { b: second.jwk };
    clock.advance(300_000);
    expect(await keys.find('a')).toBe(first.pem);
    expect(await keys.find('b')).toBe(second.pem);
    expect(await keys.find('a')).toBeUndefined();
  });

  it.each([['not JSON'], ['{"keys":[{"kid":"a","kty":"RSA"}]}'], ['{}'], ['{"keys":[{"kid":"a","kty":"oct","k":"c2VjcmV0"}]}']])(
    'are fetched anew when the file holds %s',
    async (content) => {
      await open().find('a');
      await writeFile(cacheFile, content);
      expect(await open().find('a')).toBe(first.pem);
      expect(asked).toBe(2);
      expect(JSON.parse(await readFile(cacheFile, 'utf8'))).toMatchObject({ keys: [{ kid: 'a' }] });
    },
  );

  it('are not replaced by an answer that is none', async () => {
    const keys = open();
    await keys.find('a');
    published = { a: { kty: 'RSA', n: 'x'.repeat(100_000), e: 'AQAB' } };
    clock.advance(10_000);
    expect(await keys.find('b')).toBeUndefined();
    expect(await keys.find('a')).toBe(first.pem);
  });

  it('are called unavailable while none was ever seen', async () => {
    await goAway();
    await expect(open().find('a')).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 10_000 });
  });
});
