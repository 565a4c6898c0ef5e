import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jwtAudience, streamTicketAudience } from '@nightjar/auth';
import type { StreamListener } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { startTestBus, startTestCamera, type TestBus, until } from '@nightjar/testing';
import { WebSocket } from 'ws';
import { AgentFixture, streamId } from '../agent.fixture.js';

const issuer = 'nightjar';
const kid = randomUUID();
const keys = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const foreignKeys = generateKeyPairSync('rsa', { modulusLength: 2_048 });

let nvr: Server;
let keysServed = 0;
let busServer: TestBus;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let fixture: AgentFixture;

beforeAll(async () => {
  nvr = createServer((_request, response) => {
    keysServed++;
    response.end(JSON.stringify({ keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }] }));
  });
  await new Promise<void>((resolve) => nvr.listen(0, '127.0.0.1', resolve));
  const jwksUrl = `http://127.0.0.1:${(nvr.address() as AddressInfo).port}/.well-known/jwks.json`;
  [busServer, camera] = await Promise.all([startTestBus(), startTestCamera()]);
  fixture = await AgentFixture.start({ natsUrl: busServer.url, config: { access: { kind: 'bearer', jwksUrl, issuer } } });
  fixture.assign(camera.url);
  await until(() => fixture.overlays.length > 0);
});

afterAll(async () => {
  await fixture.close();
  await camera.close();
  await busServer.stop();
  await new Promise((resolve) => nvr.close(resolve));
});

function token(claims: object = {}, options: { key?: KeyObject; kid?: string } = {}): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const head = encode({ alg: 'RS256', typ: 'JWT', kid: options.kid ?? kid });
  const body = encode({
    iss: issuer,
    aud: jwtAudience,
    iat: nowSeconds,
    exp: nowSeconds + 60,
    sub: 'admin',
    uid: 1,
    tid: 1,
    adm: true,
    ver: 1,
    typ: 'access',
    ...claims,
  });
  return `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), options.key ?? keys.privateKey).toString('base64url')}`;
}

/** @returns 101, or the status of the refusal */
function shakeHands(bearer?: string, query = ''): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(
      `${fixture.agent.url.replace('http', 'ws')}/1/ws?stream_id=${streamId}${query}`,
      bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } },
    );
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', () => undefined);
  });
}

describe('/1/ws beyond loopback', () => {
  it('opens for a token of an admin, and not of others, who may not see each stream', async () => {
    expect(await shakeHands(token())).toBe(101);
    expect(await shakeHands(token({ adm: false, uid: 2 }))).toBe(403);
    const headers = { authorization: `Bearer ${token({ adm: false, uid: 2 })}` };
    for (const route of ['/config', '/plugins', '/metrics'])
      expect((await fetch(`${fixture.agent.url}${route}`, { headers })).status).toBe(403);
  });

  it('refuses no token, a foreign, an expired and a refresh token', async () => {
    expect(await shakeHands()).toBe(401);
    expect(await shakeHands('nonsense')).toBe(401);
    expect(await shakeHands(token({}, { key: foreignKeys.privateKey }))).toBe(401);
    expect(await shakeHands(token({ exp: 1_000 }))).toBe(401);
    expect(await shakeHands(token({ aud: 'somebody else' }))).toBe(401);
    expect(await shakeHands(token({ typ: 'refresh' }))).toBe(401);
  });

  it('opens for a ticket of the NVR: once, for its stream, and for nothing else', async () => {
    const ticketOf = (more: object = {}, key = keys.privateKey) =>
      token({ aud: streamTicketAudience, typ: 'stream_ticket', stream_id: streamId, jti: randomUUID(), ...more }, { key });
    const ticket = ticketOf();
    expect(await shakeHands(undefined, `&ticket=${ticket}`)).toBe(101);
    expect(await shakeHands(undefined, `&ticket=${ticket}`)).toBe(401);
    const wrong = [
      ticketOf({ stream_id: randomUUID() }),
      ticketOf({ exp: 1_000 }),
      ticketOf({ typ: 'access' }),
      ticketOf({ aud: jwtAudience }),
      ticketOf({}, foreignKeys.privateKey),
      token(),
      'nonsense',
    ];
    for (const text of wrong) expect([text, await shakeHands(undefined, `&ticket=${text}`)]).toEqual([text, 401]);
    // It is no token, and no other route takes it.
    expect(await shakeHands(ticketOf())).toBe(401);
    expect((await fetch(`${fixture.agent.url}/config?stream_id=${streamId}&ticket=${ticketOf()}`)).status).toBe(401);
  });

  it('lasts as long as the right of who holds the ticket or the token, and while the NVR is away', async () => {
    const ticketOf = (holder: object) =>
      token({ aud: streamTicketAudience, typ: 'stream_ticket', stream_id: streamId, jti: randomUUID(), ...holder });
    const sid = randomUUID();
    const listen = async (query: string, bearer?: string) => {
      const socket = new WebSocket(`${fixture.agent.url.replace('http', 'ws')}/1/ws?stream_id=${streamId}${query}`, {
        ...(bearer !== undefined && { headers: { authorization: `Bearer ${bearer}` } }),
      });
      const closed = once(socket, 'close').then(([code]) => code as number);
      await once(socket, 'open');
      return { socket, closed };
    };
    const asked: StreamListener[] = [];
    fixture.mayListen = (listener) => {
      asked.push(listener);
      throw new AppError('unavailable', 'the database is away');
    };
    const sockets = await Promise.all([
      listen(`&ticket=${ticketOf({ uid: 7, sid })}`),
      listen(`&ticket=${ticketOf({ uid: undefined, key: 'k1' })}`),
      listen('', token({ sid })),
      listen(`&ticket=${ticketOf({ uid: 8, sid })}`),
    ]);
    await until(() => asked.length > 0);
    const [user, key, admin, other] = sockets;
    fixture.mayListen = (listener) => {
      asked.push(listener);
      return 'user_id' in listener && listener.user_id === 8;
    };
    expect(await Promise.all([user.closed, key.closed, admin.closed])).toEqual([1008, 1008, 1008]);
    expect(asked).toEqual(expect.arrayContaining([{ user_id: 7, session_id: sid }, { key_id: 'k1' }, { user_id: 1, session_id: sid }]));
    expect(other.socket.readyState).toBe(WebSocket.OPEN);
    other.socket.terminate();
    fixture.mayListen = () => true;
  });

  it('does not ask the NVR anew for every key id that somebody makes up', async () => {
    const [before, beganMs] = [keysServed, performance.now()];
    for (let index = 0; index < 5; index++)
      expect(await shakeHands(token({}, { kid: randomUUID(), key: foreignKeys.privateKey }))).toBe(401);
    // Once in ten seconds, however long that took here.
    expect(keysServed - before).toBeLessThanOrEqual(1 + Math.floor((performance.now() - beganMs) / 10_000));
  });

  it('still tells its version to everybody', async () => {
    expect(await (await fetch(`${fixture.agent.url}/version`)).json()).toEqual({ Version: { api: 1, major: 0, minor: 3, patch: 1 } });
  });
});
