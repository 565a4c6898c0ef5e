import { describe, expect, it } from '@jest/globals';
import { parseNetwork } from './address-classes.js';
import { AddressPolicy } from './address-policy.js';
import { CheckedFetch, type Lookup } from './checked-fetch.js';

const found =
  (...addresses: readonly string[]): Lookup =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
const unknownHost: Lookup = async () => {
  throw Object.assign(new Error('no such host'), { code: 'ENOTFOUND' });
};
const silent: Lookup = () => new Promise(() => undefined);

const fetchWith = (lookup: Lookup, exchangesMax = 2) =>
  new CheckedFetch({
    policy: new AddressPolicy({ networks: [parseNetwork('10.1.0.0/16')!], ownPorts: new Set() }),
    exchangesMax,
    lookup,
  });
const check = (url: string, lookup: Lookup = unknownHost) => fetchWith(lookup).check(url, { timeoutMs: 20 });

describe('a look at where a URL leads', () => {
  it.each([
    ['a public address', 'http://8.8.8.8/', 'allowed'],
    ['an opened network', 'http://10.1.2.3:8080/', 'allowed'],
    ['a private address', 'http://10.2.0.1/', 'refused'],
    ['loopback', 'http://[::1]/', 'refused'],
    ['a port of another protocol', 'http://8.8.8.8:6379/', 'refused'],
  ])('%s: %s is %s', async (_name, url, answer) => expect(await check(url)).toBe(answer));

  it('asks for every address of a name', async () => {
    expect(await check('http://example.org/', found('8.8.8.8', '2606:2800:220:1::1'))).toBe('allowed');
    expect(await check('http://example.org/', found('8.8.8.8', '127.0.0.1'))).toBe('refused');
  });

  it('knows nothing of a name that has no address, or whose servers are silent', async () => {
    for (const lookup of [unknownHost, found(), silent]) expect(await check('http://example.org/', lookup)).toBe('unknown');
  });

  it('throws for what is no URL, and with the reason of its signal', async () => {
    await expect(check('ftp://example.org/')).rejects.toMatchObject({ code: 'invalid_argument' });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(fetchWith(silent).check('http://example.org/', { timeoutMs: 1_000, signal })).rejects.toThrow('enough');
  });

  it('takes no more lookups than it may: the next name is unknown', async () => {
    let lookups = 0;
    const fetch = fetchWith(() => (lookups++, new Promise(() => undefined)));
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch.check('http://example.org/', { timeoutMs: 20 })));
    expect([answers, lookups]).toEqual([Array(5).fill('unknown'), 2]);
  });
});

describe('a policy without a list of ports', () => {
  const policy = new AddressPolicy({ networks: [], ownPorts: new Set() });

  it.each([80, 443, 3000, 8000, 8080, 8443, 65_535])('opens %i, where a web server may be', (port) =>
    expect(policy.allowsPort(port)).toBe(true),
  );

  it.each([22, 25, 53, 110, 143, 465, 587, 993, 3306, 4222, 5432, 6379, 6667, 11_211])(
    'closes %i, where lines of a body could be orders',
    (port) => expect(policy.allowsPort(port)).toBe(false),
  );
});
