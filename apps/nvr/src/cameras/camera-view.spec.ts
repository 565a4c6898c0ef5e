import { describe, expect, it } from '@jest/globals';
import { CameraView } from '@nightjar/contracts';
import { cameraView } from './camera-view.js';
import type { Camera } from './cameras.store.js';

const nowMs = 1_700_000_000_000;
const at = new Date(nowMs);
const unset = { description: null, substreamUrl: null, location: null, manufacturer: null, model: null, deletedAt: null, ownerId: null };
const camera: Camera = {
  ...unset,
  id: 3,
  uuid: '70c75b04-1ec8-4aa1-930c-ddad9e47b54b',
  framesName: 'camera_3',
  name: 'Gate',
  rtspUrl: 'rtsp://cam.lan:8554/1',
  username: 'admin',
  encryptedPassword: Buffer.from('sealed'),
  isActive: true,
  isDemo: false,
  recordingEnabled: true,
  analyticsEnabled: true,
  lastProblem: 'nobody listens at the address of the camera',
  lastProblemAt: null,
  onvifUrl: null,
  onvifProfile: null,
  rtspTransport: 'auto',
  audioEnabled: false,
  vlan: null,
  firmwareVersion: null,
  serialNumber: null,
  hardwareId: null,
  assignments: null,
  transportSecurity: 'plaintext_allowed',
  transportProbe: null,
  transportProbedAt: null,
  erasedAt: null,
  createdAt: at,
  updatedAt: at,
};

const recordedAgo = (ms: number) => ({ endsAt: new Date(nowMs - ms) });

describe('a camera as others see it', () => {
  it('fits its contract and holds no password', () => {
    const view = CameraView.parse(cameraView({ camera, lastRecording: recordedAgo(1_000), nowMs, forAdmin: true }));
    expect(view).toMatchObject({ ip_address: null, port: 8554, username: 'admin' });
    expect(JSON.stringify(view)).not.toContain('sealed');
  });

  it('shows credentials in the query of its addresses to nobody but admins', () => {
    const addresses = {
      rtspUrl: 'rtsp://cam.lan/x?channel=1&user=a&password=b',
      substreamUrl: 'rtsp://cam.lan/y?token=c',
      onvifUrl: 'http://cam.lan/onvif?pwd=d',
    };
    const view = (forAdmin: boolean) => {
      const shown = cameraView({ camera: { ...camera, ...addresses }, lastRecording: undefined, nowMs, forAdmin });
      return { rtspUrl: shown.rtsp_url, substreamUrl: shown.substream_url, onvifUrl: shown.onvif_url };
    };
    expect(view(true)).toEqual(addresses);
    expect(view(false)).toEqual({
      rtspUrl: 'rtsp://cam.lan/x?channel=1&user=***&password=***',
      substreamUrl: 'rtsp://cam.lan/y?token=***',
      onvifUrl: 'http://cam.lan/onvif?pwd=***',
    });
  });

  it('tells why it is offline, and not why it once was', () => {
    const view = (changes: Partial<Camera>, agoMs: number | undefined) =>
      cameraView({
        camera: { ...camera, ...changes },
        lastRecording: agoMs === undefined ? undefined : recordedAgo(agoMs),
        nowMs,
        forAdmin: false,
      });
    expect(view({}, 20_000)).toMatchObject({ status: 'offline', status_reason: camera.lastProblem });
    expect(view({}, 1_000)).toMatchObject({ status: 'online', status_reason: null });
    expect(view({ lastProblemAt: new Date(nowMs + 1) }, undefined)).toMatchObject({ status: 'offline', recording_state: 'never' });
    expect(view({ lastProblemAt: new Date(nowMs - 1) }, undefined)).toMatchObject({ status: 'unknown', status_reason: null });
  });

  it.each([
    ['recording', true, 'online', {}, recordedAgo(14_000)],
    ['stalled', false, 'offline', {}, recordedAgo(16_000)],
    ['recording', true, 'online', {}, recordedAgo(-14_000)],
    // From before the clock was set back.
    ['stalled', false, 'offline', {}, recordedAgo(-16_000)],
    ['never', null, 'unknown', {}, undefined],
    ['not_recording', null, 'unknown', { isActive: false }, recordedAgo(1_000)],
    ['off', null, 'unknown', { recordingEnabled: false }, recordedAgo(1_000)],
  ] as const)('is %s', (state, liveOnline, status, changes, lastRecording) => {
    expect(cameraView({ camera: { ...camera, ...changes }, lastRecording, nowMs, forAdmin: false })).toMatchObject({
      recording_state: state,
      live_online: liveOnline,
      status,
    });
  });
});
