import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { CameraView, ClipView } from '@nightjar/contracts';
import { makeTestVideo, startTestCamera, until } from '@nightjar/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRecorderProcess } from '../../recorder-process.fixture.js';
import { startTestNvr, type TestNvr } from '../../test-nvr.fixture.js';
import { OnvifCamera } from './onvif-camera.fixture.js';

const credentials = { user: 'ada', password: 'p@ss<word>' };
const login = { username: credentials.user, password: credentials.password };
let nvr: TestNvr;
let device: OnvifCamera;
let main: Awaited<ReturnType<typeof startTestCamera>>;
let sub: typeof main;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-onvif-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const small = await makeTestVideo({ file: path.join(directory, 'small.mp4'), seconds: 2, width: 320, height: 180 });
  const asked = { credentials, authentication: 'digest' as const };
  [main, sub] = await Promise.all([startTestCamera(asked), startTestCamera({ ...asked, clip: small })]);
  const withoutPassword = ({ url }: typeof main) => url.replace(/\/\/.*@/, '//');
  const streams = { main_1: withoutPassword(main), sub_1: withoutPassword(sub) };
  // Many cameras have a clock that nobody has set.
  device = await OnvifCamera.start({ ...login, streams, clockAheadMs: -86_400_000 });
  for (const { close } of [main, sub, device].map((one) => ({ close: () => one.close() }))) closers.push(close);
  nvr = await startTestNvr({ cameraNetworks: ['127.0.0.0/8'], discoveryTargets: [device.discoveryAddress] });
  closers.push(() => nvr.stop());
  closers.push(await startRecorderProcess(nvr));
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

const post = <Body = unknown>(pathname: string, body: unknown = {}, of = nvr) => of.send<Body>('POST', pathname, body);
const profiles = (change = {}) => post('/api/v1/cameras/profiles', { onvif_url: device.url, ...login, ...change });
const ordersNamed = (...names: string[]) => device.orders.filter(({ name }) => names.includes(name));

/** What was recorded of a camera so far. */
async function clipsOf(id: number): Promise<ClipView[]> {
  const now = Date.now() / 1_000;
  return (await (await nvr.fetch(`/api/v1/recordings/${id}?start_unix=${now - 600}&end_unix=${now + 60}`)).json()) as ClipView[];
}

describe('a camera that nobody has set up yet', () => {
  it('is found where cameras may be, by its name, and not by an address that it only claims to have', async () => {
    // Who answers later than in three seconds is not listed: this process, which answers, may have had no time in them.
    const discover = () => post<{ devices: unknown[] }>('/api/v1/cameras/discover');
    let found = await discover();
    let asked = 1;
    for (; found.body.devices.length === 0 && asked < 10; asked++) found = await discover();
    expect(found).toEqual({
      status: 200,
      body: { devices: [{ address: '127.0.0.1', onvif_url: device.url, name: 'Back yard', hardware: 'Dome-4' }] },
    });
    expect(device.probes.length).toBe(asked);
  });

  it('is not listed where cameras may not be', async () => {
    const before = device.probes.length;
    const other = await startTestNvr({ cameraNetworks: ['10.0.0.0/8'], discoveryTargets: [device.discoveryAddress] });
    expect(await post('/api/v1/cameras/discover', {}, other)).toEqual({ status: 200, body: { devices: [] } });
    await other.stop();
    // It did answer.
    await until(() => device.probes.length === before + 1);
  });

  it('says that the password is wrong, and tells its profiles to who has the right one', async () => {
    for (const wrong of [{ password: 'p@ss' }, { username: 'bob' }, { username: null }])
      expect(await profiles(wrong)).toMatchObject({ status: 503, body: { detail: 'the camera refuses the user name or the password' } });
    expect(device.orders).toEqual([]);
    const withoutPassword = (url: string) => url.replace(/\/\/.*@/, '//');
    expect(await profiles()).toMatchObject({
      status: 200,
      body: {
        manufacturer: 'Acme',
        model: 'Dome 4',
        can_move: true,
        rtsp_url: withoutPassword(main.url),
        substream_url: withoutPassword(sub.url),
        onvif_profile: 'main_1',
        profiles: [
          { token: 'main_1', name: 'main_1 stream', codec: 'H264', width: 640, height: 360 },
          { token: 'sub_1', width: 320, height: 180 },
        ],
      },
    });
  });
});

describe('a camera that is saved as its profile says', () => {
  let camera: CameraView;

  it('is recorded within seconds, and its file plays', async () => {
    const { rtsp_url, substream_url, onvif_profile } = (await profiles()).body as Record<string, string>;
    const settings = { name: 'Back yard', rtsp_url, substream_url, onvif_url: device.url, onvif_profile, ...login };
    const created = await post<CameraView>('/api/v1/cameras', settings);
    expect(created.status).toBe(200);
    camera = created.body;
    await until(async () => (await clipsOf(camera.id)).some(({ duration_seconds: seconds }) => seconds >= 2));
    const [clip] = await clipsOf(camera.id);
    expect(clip).toMatchObject({ camera_id: camera.id, video_codec: 'h264' });
    const file = Buffer.from(await (await nvr.fetch(clip?.url ?? '')).arrayBuffer());
    expect([file.toString('latin1', 4, 8), file.includes('moof')]).toEqual(['ftyp', true]);
    expect(await (await nvr.fetch(`/api/v1/cameras/${camera.id}`)).json()).toMatchObject({
      live_online: true,
      recording_state: 'recording',
    });
  });

  it('moves as it is told, and stops', async () => {
    const before = device.orders.length;
    expect((await post(`/api/v1/cameras/${camera.id}/ptz/move?x=0.5&y=-1&z=0.25`)).status).toBe(200);
    expect((await post(`/api/v1/cameras/${camera.id}/ptz/stop`)).status).toBe(200);
    expect(device.orders.slice(before).filter(({ name }) => name !== 'GetCapabilities')).toEqual([
      { name: 'ContinuousMove', profile: 'main_1', speeds: [0.5, -1, 0.25] },
      { name: 'Stop', profile: 'main_1' },
    ]);
  });

  it('says of itself what it can, with the saved password, and that this is wrong once it is', async () => {
    const capabilities = async () => {
      const answer = await nvr.fetch(`/api/v1/cameras/${camera.id}/capabilities`);
      return { status: answer.status, body: (await answer.json()) as unknown };
    };
    expect(await capabilities()).toMatchObject({ status: 200, body: { model: 'Dome 4', ptz: true } });
    const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ password: 'another' }) };
    expect(await (await nvr.fetch(`/api/v1/cameras/${camera.id}`, init)).json()).toMatchObject({ id: camera.id });
    expect(await capabilities()).toMatchObject({ status: 503, body: { detail: 'the camera refuses the user name or the password' } });
    const moves = ordersNamed('ContinuousMove').length;
    expect((await post(`/api/v1/cameras/${camera.id}/ptz/move?x=1`)).status).toBe(503);
    expect(ordersNamed('ContinuousMove').length).toBe(moves);
  });
});

describe('a camera of which the address alone is known', () => {
  it('is asked for the rest, and recorded too', async () => {
    const address = { name: 'By address', ip_address: '127.0.0.1', onvif_port: device.port, ...login };
    const created = await post<CameraView>('/api/v1/cameras?force=true', address);
    expect(created).toMatchObject({ status: 200, body: { onvif_url: device.url, manufacturer: 'Acme', model: 'Dome 4' } });
    await until(async () => (await clipsOf(created.body.id)).length > 0);
    expect(await post('/api/v1/cameras?force=true', { ...address, password: 'wrong' })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'rtsp_url'], msg: expect.stringContaining('refuses the user name or the password') }] },
    });
  });
});
