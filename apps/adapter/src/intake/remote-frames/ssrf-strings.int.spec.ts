import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { parseNetwork, type Lookup } from '@nightjar/outbound';
import { RemoteFrames } from './remote-frames.js';
import { startServer, type ScriptedServer } from './servers.fixture.js';

const timeoutMs = 60_000;
const networks = (...texts: string[]) => texts.map((text) => parseNetwork(text)!);

/** Spellings of places inside: this machine, the network around it, a cloud's metadata. */
const hosts = [
  // Plainly.
  ...['localhost', 'LOCALHOST', 'LocalHost', '127.0.0.1', '127.0.0.2', '127.1.2.3', '127.255.255.254', '0.0.0.0', '0.0.0.1'],
  ...['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '169.254.169.254', '198.18.0.1', '192.0.2.1', '224.0.0.1', '255.255.255.255'],
  // As one number, in octal, in hex, with parts left out, too large, padded.
  ...['2130706433', '017700000001', '0x7f000001', '0X7F000001', '0x7f.0x0.0x0.0x1', '0177.0.0.1', '0177.0.0.01', '0x7f.1', '0177.1'],
  ...['127.1', '127.0.1', '0', '0x0', '00', '4294967295', '4294967296', '6425673729', '127.0.0.256', '127.000.000.001', '0000127.0.0.1'],
  ...['2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518', '0xA9.254.0251.254', '127.0.0.1.', '127.0.0.1..', '.127.0.0.1'],
  // IPv6, also with an IPv4 address inside.
  ...[
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[0000::0001]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::FFFF:7F00:1]',
    '[::ffff:0:127.0.0.1]',
    '[::127.0.0.1]',
  ],
  ...['[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]', '[fe80::1]', '[fd00::1]'],
  ...['[2606:2800:220:1:0:5efe:127.0.0.1]', '[fec0::1]', '[ff02::1]', '[::ffff:169.254.169.254]', '[fd00:ec2::254]', '[::ffff:10.0.0.1]'],
  ...['[fe80::1%25lo]', '[::1%lo]', '[127.0.0.1]', '[::1', '::1', '[::1]]', '[0:0:0:0:0:0:0:0:1]', '[::ffff:7f00.1]'],
  // In other letters, digits and dots; escaped; with what parsers drop.
  ...[
    '①②⑦.⓪.⓪.①',
    '１２７.0.0.1',
    '127。0。0。1',
    '127．0．0．1',
    '127.0.0.１',
    'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
    'ｌocalhost',
    'loc­alhost',
    'local​host',
    '٠٢٧.0.0.1',
  ],
  ...[
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
    'localhost%00',
    '127.0.0.1%00.example.org',
    '127.0.0.1%20',
    '127.0.0.1%2f',
    'local%68ost',
    '%6c',
  ],
  ...['127.0.0.1\t', 'local\nhost', '127.0.0.1\r\nHost: x', '127.0.0.1 ', 'localhost\0', 'localhost.', 'localhost..'],
  // With somebody's name in front, or something that looks like the real host.
  ...['user@127.0.0.1', 'user:password@127.0.0.1', '@127.0.0.1', ':@127.0.0.1', 'example.org@127.0.0.1', 'example.org:80@127.0.0.1'],
  ...[
    'example.org\\@127.0.0.1',
    '127.0.0.1\\@example.org',
    'example.org%40127.0.0.1',
    'example.org%00@127.0.0.1',
    '127.0.0.1#@example.org',
  ],
  ...['127.0.0.1?@example.org', '127.0.0.1/@example.org', '127.0.0.1;@example.org', 'a@b@127.0.0.1', '[::1]@127.0.0.1', 'user@[::1]'],
];

/** Each with the canary's port, on port 80 (where nothing need listen), as https, and with a port in an odd form. */
const decorations: readonly ((host: string, port: number) => string)[] = [
  (host, port) => `http://${host}:${port}/latest.jpg`,
  (host) => `http://${host}/latest.jpg`,
  (host, port) => `https://${host}:${port}/latest.jpg?x=http://example.org/`,
  (host, port) => `HTTP://${host}:0${port}/`,
];

describe('T19 (CVE-2026-79913, OpenNVR PR 106): URLs that lead inside', () => {
  let canary: ScriptedServer;
  let frames: RemoteFrames;
  /** Refused, and with a text that names no place inside. */
  const expectRefused = async (url: string, through = frames) => {
    const error = await through.read(url, { timeoutMs }).then(
      (bytes) => bytes,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AppError);
    expect([url, error]).toEqual([url, expect.objectContaining({ code: 'invalid_argument' })]);
    expect((error as AppError).message).not.toMatch(/\d+\.\d+|::|localhost|example/);
  };

  beforeAll(async () => {
    const picture = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret';
    // On every address of this machine, so that whatever is read as one of them is seen.
    canary = await startServer((socket) => socket.end(picture), { host: undefined });
    frames = new RemoteFrames({ maxBytes: 1_000, networks: [], ports: [canary.port], ownPorts: [] });
  });
  afterAll(() => canary.stop());

  it('the canary sings where it may', async () => {
    const open = new RemoteFrames({ maxBytes: 1_000, networks: networks('127.0.0.0/8', '::1/128'), ports: [canary.port], ownPorts: [] });
    for (const host of ['127.0.0.1', 'localhost'])
      expect((await open.read(`http://${host}:${canary.port}/`, { timeoutMs })).toString()).toBe('secret');
    expect(canary.connections).toBe(2);
  });

  it(`refuses ${hosts.length} spellings, each in ${decorations.length} forms, and connects to nothing`, async () => {
    const before = canary.connections;
    const urls = new Set(hosts.flatMap((host) => decorations.map((decorate) => decorate(host, canary.port))));
    expect(urls.size).toBeGreaterThanOrEqual(450);
    for (const url of urls) await expectRefused(url);
    expect(canary.connections - before).toBe(0);
  });

  it('refuses ports that nobody allowed, also of public addresses', async () => {
    const url = (port: number) => `http://192.0.2.1:${port}/`;
    for (const port of [1, 22, 25, 6379, 4222, 5432, 9100, 65_535]) await expectRefused(url(port));
  });

  it.each([
    ['one address inside', ['127.0.0.1']],
    ['IPv6 loopback', ['::1']],
    ['an address that is mapped', ['::ffff:127.0.0.1']],
    ['an address behind NAT64', ['64:ff9b::7f00:1']],
    ['an address in 6to4', ['2002:7f00:1::']],
    ['an address with a zone', ['fe80::1%lo']],
    ['a public address before one inside', ['93.184.216.34', '127.0.0.1']],
    ['one inside among many', ['93.184.216.34', '8.8.8.8', '10.0.0.1', '1.1.1.1']],
    ['the metadata service', ['169.254.169.254']],
    ['no address at all', []],
    ['what is no address', ['localhost']],
    ['an odd spelling', ['127.1']],
  ])('refuses a name that resolves to %s', async (_what, addresses) => {
    const before = canary.connections;
    const lookup: Lookup = async () => addresses.map((address) => ({ address, family: 4 }));
    const through = new RemoteFrames({ maxBytes: 1_000, networks: [], ports: [canary.port], ownPorts: [], lookup });
    for (const host of ['camera.example.org', 'localtest.me', '127.0.0.1.nip.io', 'xn--bcher-kva.example'])
      await expectRefused(`http://${host}:${canary.port}/`, through);
    expect(canary.connections - before).toBe(0);
  });

  it('says the same of a name inside and of one that does not exist', async () => {
    const lookup: Lookup = async (host) => {
      if (host === 'db.internal') return [{ address: '10.0.0.5', family: 4 }];
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
    };
    const through = new RemoteFrames({ maxBytes: 1_000, networks: [], ports: [], ownPorts: [], lookup });
    const messages = ['http://db.internal/', 'http://no-such-name.internal/'].map((url) =>
      through.read(url, { timeoutMs }).catch((error: Error) => error.message),
    );
    const [inside, missing] = await Promise.all(messages);
    expect(inside).toBe('this address is not allowed, or its host is unknown');
    expect(missing).toBe(inside);
  });

  it('never connects to our own services, whatever the networks say', async () => {
    const before = canary.connections;
    const all = { maxBytes: 1_000, networks: networks('0.0.0.0/0', '::/0'), ports: [canary.port] };
    const through = new RemoteFrames({ ...all, ownPorts: [canary.port] });
    const addresses = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ address }) => !address.startsWith('fe80'))
      .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
    expect(addresses).toContain('127.0.0.1');
    for (const host of [...addresses, 'localhost', '127.9.9.9', '[::ffff:127.0.0.1]', '0.0.0.0', '[::]'])
      await expectRefused(`http://${host}:${canary.port}/`, through);
    expect(canary.connections - before).toBe(0);
  });

  it('connects to the address that was checked, though the name changes its mind (DNS rebinding)', async () => {
    const inside = await startServer((socket) => socket.destroy(), { host: '127.0.0.1' });
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\npicture';
    const heads: string[] = [];
    const outside = await startServer(
      (socket, head) => {
        heads.push(head);
        socket.end(answer);
      },
      { host: '127.0.0.2', port: inside.port },
    );
    const lookups: string[] = [];
    const lookup: Lookup = async (host) => {
      lookups.push(host);
      return [{ address: lookups.length % 2 === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }];
    };
    const through = new RemoteFrames({ maxBytes: 1_000, networks: networks('127.0.0.2/32'), ports: [inside.port], ownPorts: [], lookup });
    const url = `http://rebind.example.org:${inside.port}/latest.jpg?a=b`;
    try {
      expect((await through.read(url, { timeoutMs })).toString()).toBe('picture');
      expect(lookups).toEqual(['rebind.example.org']);
      expect(heads[0]).toMatch(/^GET \/latest\.jpg\?a=b HTTP\/1\.1\r\n/);
      expect(heads[0]?.toLowerCase()).toContain(`host: rebind.example.org:${inside.port}\r\n`);
      await expectRefused(url, through);
      expect([outside.connections, inside.connections]).toEqual([1, 0]);
    } finally {
      await Promise.all([inside.stop(), outside.stop()]);
    }
  });

  it.each([301, 302, 303, 307, 308])('T17: does not follow a %d', async (status) => {
    const before = canary.connections;
    const camera = await startServer((socket) =>
      socket.end(`HTTP/1.1 ${status} Go\r\nLocation: http://127.0.0.1:${canary.port}/\r\nContent-Length: 0\r\n\r\n`),
    );
    const ports = [camera.port, canary.port];
    const through = new RemoteFrames({ maxBytes: 1_000, networks: networks('127.0.0.0/8'), ports, ownPorts: [] });
    await expect(through.read(`http://127.0.0.1:${camera.port}/`, { timeoutMs })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'the server answers with a redirect, which is not followed',
    });
    expect([camera.connections, canary.connections - before]).toEqual([1, 0]);
    await camera.stop();
  });
});
