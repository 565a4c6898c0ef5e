import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let without: TestNvr;
beforeAll(async () => {
  [nvr, without] = await Promise.all([startTestNvr({ whepUrl: 'https://video.example:8889/' }), startTestNvr()]);
  for (const { fetch } of [nvr, without])
    await fetch('/api/v1/cameras', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'yard', rtsp_url: 'rtsp://10.0.0.5/main', substream_url: 'rtsp://10.0.0.5/sub' }),
    });
});
afterAll(() => Promise.all([nvr.stop(), without.stop()]));

const get = async (of: TestNvr, route: string) => {
  const answer = await of.fetch(`/api/v1/streams/${route}`);
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
};

describe('addresses of live video', () => {
  it('name the WebRTC gateway, with a token that it can check and that is good for nothing else', async () => {
    const { json } = await get(nvr, 'webrtc/cam-1');
    expect(json).toMatchObject({
      camera_id: 1,
      whep_url: 'https://video.example:8889/cam-1/whep',
      token_type: 'Bearer',
      stream_name: 'cam-1',
    });
    const token = json.token as string;
    const [head = '', payload = '', signature = ''] = token.split('.');
    const [{ kid, alg }, claims] = [head, payload].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))) as [
      { kid: string; alg: string },
      Record<string, unknown>,
    ];
    const { keys } = (await (await fetch(`${nvr.url}/.well-known/jwks.json`)).json()) as {
      keys: ({ kid: string } & Record<string, string>)[];
    };
    const key = createPublicKey({ key: keys.find((one) => one.kid === kid) ?? {}, format: 'jwk' });
    expect(verify('RSA-SHA256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(alg).toBe('RS256');
    expect(claims).toMatchObject({
      iss: 'opennvr',
      aud: 'mediamtx',
      sub: 'admin',
      camera_id: 1,
      mediamtx_permissions: [
        { action: 'read', path: 'cam-1' },
        { action: 'read', path: 'cam-1-sub' },
      ],
    });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3_600);
    expect((await fetch(`${nvr.url}/api/v1/cameras`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  });

  it('are all in one place', async () => {
    const { json } = await get(nvr, '1/info');
    expect(json).toMatchObject({
      stream_name: 'cam-1',
      token: expect.any(String) as unknown,
      expires_in_minutes: 60,
      urls: {
        webrtc: 'https://video.example:8889/cam-1/whep',
        webrtc_sub: 'https://video.example:8889/cam-1-sub/whep',
        hls: expect.stringMatching(/^\/api\/v1\/cameras\/1\/live\/index\.m3u8\?ticket=/) as unknown,
        rtsp: null,
      },
      camera: { id: 1, name: 'yard' },
    });
    expect(JSON.stringify(json)).not.toContain('10.0.0.5');
    expect((await get(nvr, 'hls/1')).json).toMatchObject({ camera_id: 1, token_type: 'ticket', expires_in_minutes: 60 });
  });

  it('are told without a gateway too; to ask for it is answered 501', async () => {
    expect((await get(without, '1/info')).json).toMatchObject({ token: null, urls: { webrtc: null } });
    expect((await get(without, 'webrtc/1')).status).toBe(501);
  });

  it('are given as OpenNVR’s clients ask for them, and say that the NVR itself serves', async () => {
    const ofCamera = async (of: TestNvr, route: string, method = 'GET') =>
      (await (await of.fetch(`/api/v1/cameras/1/${route}`, { method })).json()) as Record<string, unknown>;
    const hls = expect.stringMatching(/^\/api\/v1\/cameras\/1\/live\/index\.m3u8\?ticket=/) as unknown;
    expect(await ofCamera(nvr, 'stream/urls')).toEqual({ whep: 'https://video.example:8889/cam-1/whep', hls });
    expect(await ofCamera(without, 'stream/urls')).toEqual({ whep: null, hls });
    const state = { camera_id: 1, path: 'cam-1', path_configured: true, path_active: false, served_by: 'nightjar', reason: null };
    expect(await ofCamera(nvr, 'mediamtx-status')).toEqual({ ...state, webrtc_gateway: true });
    expect(await ofCamera(without, 'mediamtx-status')).toEqual({ ...state, webrtc_gateway: false });
    expect(await ofCamera(without, 'provision-mediamtx', 'POST')).toMatchObject({ provisioned: false, path: 'cam-1' });
    expect((await get(nvr, 'token/1')).json).toMatchObject({ stream_name: 'cam-1', token: expect.any(String), token_type: 'Bearer' });
    expect([(await get(without, 'token/1')).status, (await get(nvr, 'playback-token/1')).status]).toEqual([501, 501]);
  });

  it('of a camera that is not there are not found', async () => {
    for (const route of ['7/info', 'hls/7', 'webrtc/7']) expect([route, (await get(nvr, route)).status]).toEqual([route, 404]);
  });
});
