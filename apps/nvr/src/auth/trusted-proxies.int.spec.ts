import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let trusting: TestNvr;
let plain: TestNvr;
beforeAll(async () => {
  [trusting, plain] = await Promise.all([startTestNvr({ trustedProxies: ['127.0.0.0/8'] }), startTestNvr()]);
});
afterAll(() => Promise.all([trusting.stop(), plain.stop()]));

/** Status of the last of 25 failures, each told to come from another client. */
async function failFrom(nvr: TestNvr, addressOf: (time: number) => string): Promise<number> {
  let status = 0;
  for (let time = 0; time < 25; time++) {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': addressOf(time) };
    const body = JSON.stringify({ username: `nobody-${time}`, password: 'x' });
    ({ status } = await fetch(`${nvr.url}/api/v1/auth/login-json`, { method: 'POST', headers, body }));
  }
  return status;
}

describe('clients behind a proxy', () => {
  it('are told apart when the proxy is trusted', async () => {
    expect(await failFrom(trusting, (time) => `10.0.0.${time + 1}`)).toBe(401);
    expect(await failFrom(trusting, () => '10.0.1.1')).toBe(429);
  });

  it('are one client when it is not, whatever they say', async () => {
    expect(await failFrom(plain, (time) => `10.0.0.${time + 1}`)).toBe(429);
  });
});
