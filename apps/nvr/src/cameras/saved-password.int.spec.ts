import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { SecretBox } from '@nightjar/auth';
import type { RtspCamera } from '@nightjar/embedded';
import { findFfmpeg } from '@nightjar/media';
import { startTestCamera } from '@nightjar/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { CameraConnections } from './camera-connections.js';
import { CameraNetworks } from './camera-networks.js';
import { CameraTests } from './camera-tests.service.js';
import { CamerasStore } from './cameras.store.js';

const saved = 'the-saved-password';
let nvr: TestNvr;
let device: RtspCamera;
/** Another host that asks for a password which can be read, and writes down what it is sent. */
let thief: Server;
let thiefUrl: string;
let stolen = '';
let cameraId: number;

beforeAll(async () => {
  thief = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      stolen += data.toString('latin1');
      const [, protocol = '', cseq = '1'] = /(RTSP\/1\.0|HTTP\/1\.1)(?:[^]*CSeq: (\d+))?/.exec(data.toString('latin1')) ?? [];
      const challenge = 'WWW-Authenticate: Basic realm="camera"\r\nContent-Length: 0';
      socket.write(`${protocol} 401 Unauthorized\r\nCSeq: ${cseq}\r\n${challenge}\r\n\r\n`);
    });
  });
  await new Promise<void>((resolve) => thief.listen(0, '127.0.0.2', resolve));
  thiefUrl = `rtsp://127.0.0.2:${(thief.address() as AddressInfo).port}/main`;
  [nvr, device] = await Promise.all([
    startTestNvr({ cameraNetworks: ['127.0.0.0/8'] }),
    startTestCamera({ credentials: { user: 'ada', password: saved } }),
  ]);
  const rtsp_url = device.url.replace(/\/\/.*@/, '//');
  const camera = { name: 'Yard', rtsp_url, username: 'ada', password: saved, is_active: false };
  cameraId = ((await nvr.send('POST', '/api/v1/cameras', camera)).body as { id: number }).id;
});
beforeEach(() => {
  stolen = '';
});
afterAll(async () => {
  await Promise.all([nvr.stop(), device.close(), new Promise((resolve) => thief.close(resolve))]);
});

const test = (settings: unknown, headers = {}) => nvr.send('POST', `/api/v1/cameras/${cameraId}/test-connection`, settings, headers);
const change = (settings: unknown) => nvr.send('PUT', `/api/v1/cameras/${cameraId}`, settings);
const mustBeTyped = {
  status: 422,
  body: { detail: [{ loc: ['body', 'password'], msg: expect.stringContaining('must be typed again') }] },
};
/** Basic: the name and the password, to be read by anybody. */
const sentAsBasic = (password: string) => Buffer.from(`ada:${password}`).toString('base64');

describe('settings of a saved camera that are tried before they are saved', () => {
  it('are tried with the saved password where none is typed', async () => {
    const path = device.url.replace(/\/\/.*@/, '//');
    for (const settings of [{}, { rtsp_transport: 'tcp' }, { rtsp_url: path }, { rtsp_url: `${path}?a=1`, password: null }])
      expect([settings, await test(settings)]).toMatchObject([settings, { status: 200, body: { success: true } }]);
    for (const settings of [{ password: 'wrong' }, { username: 'bob' }, { username: null }])
      expect([settings, await test(settings)]).toMatchObject([settings, { status: 200, body: { success: false } }]);
    expect(await nvr.database.camera.findUniqueOrThrow({ where: { id: cameraId } })).toMatchObject({ username: 'ada', rtspUrl: path });
  });

  it('never send the saved password to another address: it has to be typed again (theft by test)', async () => {
    for (const settings of [
      { rtsp_url: thiefUrl },
      { rtsp_url: thiefUrl, password: null },
      { rtsp_url: thiefUrl, username: 'ada' },
      { rtsp_url: thiefUrl.replace('//', '//ada@') },
      { rtsp_url: thiefUrl.replace('127.0.0.2', '[::ffff:127.0.0.2]') },
      { rtsp_url: thiefUrl.replace('rtsp:', 'rtsps:') },
    ])
      expect([settings, await test(settings)]).toMatchObject([settings, mustBeTyped]);
    expect(stolen).toBe('');
    expect(await test({ rtsp_url: thiefUrl, password: 'typed' })).toMatchObject({ status: 200, body: { success: false } });
    expect(stolen).toContain(sentAsBasic('typed'));
    expect(stolen).not.toContain(sentAsBasic(saved));
  });

  it('are tried by admins; who only manages the camera tries it as it is', async () => {
    const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    const { id: userId } = await nvr.database.user.create({ data: { username: 'keeper', passwordHash } });
    await nvr.database.cameraGrant.create({ data: { userId, cameraId, canManage: true } });
    const headers = { authorization: `Bearer ${await logIn(nvr.url, { username: 'keeper', password: adminPassword })}` };
    expect(await test({}, headers)).toMatchObject({ status: 200, body: { success: true } });
    for (const settings of [{ rtsp_url: thiefUrl, password: 'x' }, { rtsp_transport: 'tcp' }, { password: null }])
      expect((await test(settings, headers)).status).toBe(403);
    expect(stolen).toBe('');
  });

  it('are no way round an encryption that is required', async () => {
    await nvr.database.camera.update({ where: { id: cameraId }, data: { transportSecurity: 'rtsps_required' } });
    expect(await test({ password: saved })).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'rtsp_url'] }] } });
    await nvr.database.camera.update({ where: { id: cameraId }, data: { transportSecurity: 'plaintext_allowed' } });
  });
});

describe('a camera that is given another address', () => {
  it('does not take its saved password along', async () => {
    const onvif_url = thiefUrl.replace('rtsp:', 'http:');
    for (const settings of [{ rtsp_url: thiefUrl }, { substream_url: thiefUrl }, { onvif_url }, { ip_address: '127.0.0.2' }])
      expect([settings, await change(settings)]).toMatchObject([settings, mustBeTyped]);
    expect(await change({ port: 8554 })).toMatchObject({ status: 200, body: { port: 8554 } });
    expect(await change({ rtsp_url: thiefUrl, password: 'typed' })).toMatchObject({ status: 200, body: { rtsp_url: thiefUrl } });
    expect((await change({ rtsp_url: device.url })).status).toBe(200);
    expect((await change({ rtsp_url: thiefUrl, password: null })).status).toBe(200);
  });
});

describe('a camera that is asked by which schemes it answers', () => {
  /** The standard port of rtsp:// is not ours to listen at. */
  class WithThiefAtStandardPort extends CameraConnections {
    override async urlTo(camera: Parameters<CameraConnections['urlTo']>[0]): Promise<string> {
      const url = new URL(await super.urlTo(camera));
      if (/^(rtsp|http):$/.test(url.protocol) && url.port === '') url.port = new URL(thiefUrl).port;
      return url.href;
    }
  }

  async function probe(rtspUrl: string, transportSecurity: string) {
    const networks = new CameraNetworks({ networks: ['127.0.0.0/8'], ownPorts: [] });
    const connections = new WithThiefAtStandardPort(new SecretBox(nvr.config.secretKey), networks, new CamerasStore(nvr.database));
    const row = await nvr.database.camera.findUniqueOrThrow({ where: { id: cameraId } });
    const encryptedPassword = connections.sealPassword(row.uuid, saved);
    const camera = { ...row, rtspUrl, transportSecurity, username: 'ada', encryptedPassword };
    return new CameraTests(connections, await findFfmpeg()).probeTransport(camera, new AbortController().signal);
  }

  it.each([
    ['rtsps', 'plaintext_allowed'],
    ['rtsps', 'rtsps_preferred'],
    ['https', 'plaintext_allowed'],
  ])(
    'is not sent a password unencrypted that was saved for an address by %s, where %s, and counts as one that answers',
    async (scheme, transportSecurity) => {
      expect(await probe(`${scheme}://127.0.0.2:3322/a?channel=1&user=ada&password=in-query`, transportSecurity)).toMatchObject({
        result: 'rtsp',
        rtsp: { ok: true, reason: expect.stringContaining('is not sent unencrypted') },
        rtsps: { ok: false },
      });
      expect(stolen).toContain('/a?channel=1');
      expect(stolen).not.toMatch(/authorization|ada|in-query/i);
    },
  );

  it.each(['rtsp', 'http'])('is sent the password that was saved for an unencrypted address by %s, as ever', async (scheme) => {
    expect(await probe(`${scheme}://127.0.0.2/a`, 'plaintext_allowed')).toMatchObject({ result: 'none', rtsp: { ok: false } });
    expect(stolen).toContain(sentAsBasic(saved));
  });
});

describe('whether a camera must be read encrypted', () => {
  it('is set with its other settings, and refused for an address that is not encrypted', async () => {
    const refused = { status: 422, body: { detail: [{ loc: ['body', 'rtsp_url'] }] } };
    const required = { transport_security: 'rtsps_required' };
    expect(await change(required)).toMatchObject(refused);
    expect(await nvr.send('POST', '/api/v1/cameras', { name: 'x', rtsp_url: 'rtsp://127.0.0.9/1', ...required })).toMatchObject(refused);
    const encrypted = { rtsp_url: 'rtsps://127.0.0.9/1', ...required };
    const created = await nvr.send('POST', '/api/v1/cameras', { name: 'Safe', is_active: false, ...encrypted });
    expect(created).toMatchObject({ status: 200, body: encrypted });
    const { id } = created.body as { id: number };
    expect(await nvr.send('PUT', `/api/v1/cameras/${id}`, { rtsp_url: 'rtsp://127.0.0.9/1' })).toMatchObject(refused);
    const loosened = { transport_security: 'plaintext_allowed', rtsp_url: 'rtsp://127.0.0.9/1' };
    expect(await nvr.send('PUT', `/api/v1/cameras/${id}`, loosened)).toMatchObject({ status: 200, body: loosened });
  });
});
