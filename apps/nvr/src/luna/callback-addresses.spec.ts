import { describe, expect, it } from '@jest/globals';
import { parseNetwork } from '@nightjar/outbound';
import { CallbackAddresses } from './callback-addresses.js';

const addresses = new CallbackAddresses({ networks: [parseNetwork('127.0.0.0/8')!], ownPorts: [8000], signatureFormat: 'sha256=hex' });
const problemOf = (url: unknown, type = 'http') => addresses.problemIn({ callbacks: [{ type, url }] });

describe('the addresses of callbacks', () => {
  it.each(['http://169.254.169.254/', 'http://127.0.0.1:8000/x', 'http://10.0.0.1/x', 'http://[::1]/', 'http://8.8.8.8:25/'])(
    'are none that the agent would not post to: %s',
    async (url) => {
      expect(await problemOf(url)).toMatch(/^\/callbacks\/0\/url leads to .* NIGHTJAR_WEBHOOK_ALLOW_NETWORKS$/);
    },
  );

  it('name no user, and are written in one way', async () => {
    expect(await problemOf('http://u:p@host.example/')).toBe('/callbacks/0/url this URL is not allowed: it names a user');
    expect(await problemOf('http://0x7f.1/')).toContain('odd way');
  });

  it('may be public, or in a network that the operator opened', async () => {
    for (const url of ['https://8.8.8.8/hook', 'http://127.0.0.1:8080/x', 'HTTP://127.0.0.1/x'])
      expect(await problemOf(url)).toBeUndefined();
  });

  it('are looked at wherever an analytic has callbacks, and only where they are addresses', async () => {
    const inside = { type: 'http', url: 'http://10.0.0.1/' };
    const place = '/parameters/a~1b/callbacks/1/url';
    expect(await addresses.problemIn({ parameters: { 'a/b': { callbacks: [{ type: 'luna-ws-notification' }, inside] } } })).toContain(
      place,
    );
    for (const callbacks of [
      [],
      [null],
      [7],
      { type: 'http' },
      'http://10.0.0.1/',
      [{ ...inside, type: 'luna-kafka' }],
      [{ type: 'http', url: 7 }],
    ])
      expect(await addresses.problemIn({ callbacks, url: inside.url })).toBeUndefined();
  });
});
