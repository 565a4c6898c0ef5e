import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AddressPolicy, CheckedFetch, parseNetwork } from '@nightjar/outbound';
import { AppError, deadlineSignal, systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from '../../test-nvr.fixture.js';
import { discoverDevices } from './discover-devices.js';
import { OnvifDevice } from './onvif-device.js';
import { findElement, parseXml } from './parse-xml.js';

const password = 'p@ss<word>';
/** The clock of this camera is a day behind, as it is with many. */
const clockAheadMs = -86_400_000;

let nvr: TestNvr;
let server: Server;
let url: string;
let orders: string[] = [];
/** What it does instead of answering, for one spec. */
let misbehave: ((url: string) => { status: number; headers?: Record<string, string>; body?: string; delayMs?: number }) | undefined;

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { body = '', delayMs = 0, headers = {}, status } = misbehave?.(request.url ?? '') ?? { ...answer(text), delayMs: 0 };
      const send = () => response.writeHead(status, { 'Content-Type': 'application/soap+xml', ...headers }).end(body);
      const waiting = setTimeout(send, delayMs);
      response.once('close', () => clearTimeout(waiting));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/onvif/device_service`;
  nvr = await startTestNvr({ cameraNetworks: ['127.0.0.0/8', '10.0.0.0/8'] });
});
afterEach(() => {
  misbehave = undefined;
  orders = [];
});
afterAll(async () => {
  await nvr.stop();
  await new Promise((resolve) => server.close(resolve));
});

function answer(text: string): { status: number; headers?: Record<string, string>; body?: string } {
  const message = parseXml(text);
  const [order] = findElement(message, 'Body')?.children ?? [];
  const envelope = (body: string) => ({ status: 200, body: `<S:Envelope xmlns:S="x"><S:Body>${body}</S:Body></S:Envelope>` });
  if (order?.name === 'GetSystemDateAndTime') return envelope(dateAndTime(new Date(Date.now() + clockAheadMs)));
  const value = (name: string) => findElement(message, name)?.text ?? '';
  const created = value('Created');
  const digest = createHash('sha1')
    .update(Buffer.from(value('Nonce'), 'base64'))
    .update(created)
    .update(password)
    .digest('base64');
  const isRecent = Math.abs(Date.parse(created) - (Date.now() + clockAheadMs)) < 30_000;
  if (value('Password') !== digest || !isRecent) return { status: 400, body: '<E><Fault><Value>ter:NotAuthorized</Value></Fault></E>' };
  orders.push(`${order?.name} ${value('ProfileToken')}`.trim());
  switch (order?.name) {
    case 'GetCapabilities':
      return envelope(
        '<Capabilities><Media><XAddr>http://192.168.9.9:99/media</XAddr></Media><PTZ><XAddr>http://192.168.9.9/ptz</XAddr></PTZ></Capabilities>',
      );
    case 'GetDeviceInformation':
      return envelope('<Manufacturer>Acme</Manufacturer><Model>Eye 3</Model>');
    case 'GetProfiles':
      return envelope(`${profile('sub', 640, 360)}${profile('main', 1920, 1080)}`);
    case 'GetStreamUri':
      return envelope(`<MediaUri><Uri>rtsp://192.168.9.9:554/${value('ProfileToken')}?a=1&amp;b=2</Uri></MediaUri>`);
    default:
      return envelope('');
  }
}

const profile = (token: string, width: number, height: number) =>
  `<Profiles token="${token}"><Name>${token}</Name><VideoEncoderConfiguration><Encoding>H264</Encoding>` +
  `<Resolution><Width>${width}</Width><Height>${height}</Height></Resolution></VideoEncoderConfiguration></Profiles>`;

const dateAndTime = (now: Date) =>
  `<UTCDateTime><Time><Hour>${now.getUTCHours()}</Hour><Minute>${now.getUTCMinutes()}</Minute><Second>${now.getUTCSeconds()}</Second></Time>` +
  `<Date><Year>${now.getUTCFullYear()}</Year><Month>${now.getUTCMonth() + 1}</Month><Day>${now.getUTCDate()}</Day></Date></UTCDateTime>`;

const post = (pathname: string, body: unknown = {}) => nvr.send('POST', pathname, body);
const device = () => ({ onvif_url: url, username: 'ada', password });

describe('a camera that speaks ONVIF', () => {
  it('tells how it sends; addresses of its inside are read as its own', async () => {
    expect(await post('/api/v1/cameras/profiles', device())).toMatchObject({
      status: 200,
      body: {
        manufacturer: 'Acme',
        model: 'Eye 3',
        can_move: true,
        rtsp_url: 'rtsp://127.0.0.1:554/main?a=1&b=2',
        substream_url: 'rtsp://127.0.0.1:554/sub?a=1&b=2',
        onvif_profile: 'main',
        profiles: [{ token: 'main', width: 1920 }, { token: 'sub' }],
      },
    });
  });

  it('is moved and stopped by who manages it', async () => {
    const created = await post('/api/v1/cameras', {
      name: 'Mast',
      rtsp_url: 'rtsp://10.0.0.9/1',
      ...device(),
      onvif_profile: 'main',
      is_active: false,
    });
    expect(created).toMatchObject({ status: 200, body: { onvif_url: url } });
    const { id } = created.body as { id: number };
    expect((await post(`/api/v1/cameras/${id}/ptz/move?x=0.5&y=-1`)).status).toBe(200);
    expect((await post(`/api/v1/cameras/${id}/ptz/stop`)).status).toBe(200);
    expect(orders).toEqual(['GetCapabilities', 'ContinuousMove main', 'GetCapabilities', 'Stop main']);
    for (const query of ['x=2', 'y=up', 'z=-1.1']) expect((await post(`/api/v1/cameras/${id}/ptz/move?${query}`)).status).toBe(422);
    expect((await post('/api/v1/cameras/999/ptz/stop')).status).toBe(404);
  });

  it('is 503 with the reason when it refuses, redirects, or sends what is no XML (R29)', async () => {
    const reason = async (change = {}) => {
      const { body, status } = await post('/api/v1/cameras/profiles', { ...device(), ...change });
      return [status, (body as { detail: string }).detail];
    };
    expect(await reason({ password: 'wrong' })).toEqual([503, 'the camera refuses the user name or the password']);
    misbehave = () => ({ status: 302, headers: { Location: 'http://127.0.0.1:1/' } });
    expect(await reason()).toEqual([503, 'the camera sends us to another address, which is not followed']);
    misbehave = () => ({ status: 200, body: `<!DOCTYPE a [<!ENTITY b "${'c'.repeat(1_000)}">]><a>${'&b;'.repeat(10_000)}</a>` });
    expect(await reason()).toEqual([503, 'the camera answers with what is no XML that is read']);
    misbehave = () => ({ status: 200, body: 'x'.repeat(4_000_000) });
    expect(await reason()).toEqual([503, 'the camera answers with what is no XML that is read']);
  });

  it.each([
    'http://8.8.8.8/onvif',
    'http://169.254.169.254/',
    'file:///etc/passwd',
    'exec:id',
    'http://0x7f.1/',
    'http://a:b@10.0.0.1/',
    'rtsp://10.0.0.1/',
  ])('is never looked for at %p', async (onvif_url) => {
    expect((await post('/api/v1/cameras/profiles', { ...device(), onvif_url })).status).toBe(422);
    expect((await post('/api/v1/cameras', { name: 'x', rtsp_url: 'rtsp://10.0.0.8/1', onvif_url })).status).toBe(422);
  });

  it('is found when it answers who looks for it, and is where a camera may be', async () => {
    const responder = createSocket('udp4');
    await new Promise<void>((resolve) => responder.bind(0, '127.0.0.1', resolve));
    responder.on('message', (_message, { port }) => {
      const match = `<e><ProbeMatch><Scopes/><XAddrs>${url} http://10.0.0.1/</XAddrs></ProbeMatch></e>`;
      responder.send(match, port, '127.0.0.1');
    });
    const target = { host: '127.0.0.1', port: responder.address().port };
    const found = (isAllowed: boolean) =>
      discoverDevices({ targets: [target], isAllowed: () => isAllowed, waitMs: 500, signal: new AbortController().signal });
    // Whoever answers when half a second is over is not listed; this process, which answers, may have had no time in it.
    let devices = await found(true);
    await until(async () => devices.length > 0 || (devices = await found(true)).length > 0);
    expect([devices, await found(false)]).toEqual([[{ address: '127.0.0.1', onvifUrl: url, name: null, hardware: null }], []]);
    responder.close();
  });

  it('is not said to be none where nobody could be asked', async () => {
    const nowhere = [{ host: '::1', port: 9 }];
    const asked = discoverDevices({ targets: nowhere, isAllowed: () => true, waitMs: 20_000, signal: new AbortController().signal });
    await expect(asked).rejects.toMatchObject({ code: 'unavailable', message: 'this machine has no network to look for cameras in' });
  });

  it('has one deadline for all that it is asked', async () => {
    misbehave = () => ({ status: 200, body: '<e/>', delayMs: 5_000 });
    const client = new CheckedFetch({
      policy: new AddressPolicy({ networks: [parseNetwork('127.0.0.0/8')!], ownPorts: new Set() }),
      exchangesMax: 1,
    });
    const ask = (signal: AbortSignal) =>
      new OnvifDevice({ client, url: new URL(url), credentials: undefined, clock: systemClock, signal }).readServices();
    const late = { code: 'unavailable', message: 'the camera takes too long to answer all of this' };
    await expect(ask(deadlineSignal(100))).rejects.toMatchObject(late);
    await expect(ask(AbortSignal.abort(new AppError('cancelled', 'the caller hung up')))).rejects.toMatchObject({ code: 'cancelled' });
  });
});
