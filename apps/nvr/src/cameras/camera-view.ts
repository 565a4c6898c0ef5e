import { CameraAssignment, TransportSecurity, type CameraView } from '@nightjar/contracts';
import { withoutQueryCredentials } from '@nightjar/runtime';
import { z } from 'zod';
import { isIP } from 'node:net';
import { transportOf } from './camera-connections.js';
import { checkCameraUrl } from './check-camera-url.js';
import type { Camera, LastRecording } from './cameras.store.js';

/**
 * An open segment's end moves every 2 s; one that stands longer has no camera behind it: ten seconds of it are a hiccup. One that is
 * further ahead is from before the clock was set back.
 */
export const recordingFreshMs = 15_000;

/**
 * A camera as the API shows it: no password, no `user:password@` in a URL. Some cameras have theirs in the query.
 * @param options.forAdmin who changes addresses gets them as they are: he may send them back
 */
export function cameraView(options: {
  camera: Camera;
  lastRecording: LastRecording | undefined;
  nowMs: number;
  forAdmin: boolean;
}): CameraView {
  const { camera, forAdmin, lastRecording } = options;
  const shown = (url: string) => (forAdmin ? url : withoutQueryCredentials(url));
  const recordingState = recordingStateOf(options);
  const target = checkCameraUrl(camera.rtspUrl);
  const { host, port } = 'problem' in target ? { host: '', port: 554 } : target;
  const liveOnline = liveOnlineOf(recordingState, camera);
  return {
    id: camera.id,
    uuid: camera.uuid,
    owner_id: camera.ownerId,
    name: camera.name,
    description: camera.description,
    frames_name: camera.framesName,
    ip_address: isIP(host) === 0 ? null : host,
    port,
    username: camera.username,
    rtsp_url: shown(camera.rtspUrl),
    substream_url: camera.substreamUrl === null ? null : shown(camera.substreamUrl),
    onvif_url: camera.onvifUrl === null ? null : shown(camera.onvifUrl),
    location: camera.location,
    vlan: camera.vlan,
    manufacturer: camera.manufacturer,
    model: camera.model,
    firmware_version: camera.firmwareVersion,
    serial_number: camera.serialNumber,
    hardware_id: camera.hardwareId,
    assignments: assignmentsOf(camera),
    transport_security: TransportSecurity.parse(camera.transportSecurity),
    mediamtx_provisioned: false,
    is_active: camera.isActive,
    recording_enabled: camera.recordingEnabled,
    analytics_enabled: camera.analyticsEnabled,
    audio_enabled: camera.audioEnabled,
    rtsp_transport: transportOf(camera),
    status: liveOnline === null ? 'unknown' : liveOnline ? 'online' : 'offline',
    status_reason: liveOnline === false ? camera.lastProblem : null,
    recording_state: recordingState,
    last_recording_at: lastRecording?.endsAt.toISOString() ?? null,
    live_online: liveOnline,
    created_at: camera.createdAt.toISOString(),
    updated_at: camera.updatedAt.toISOString(),
    deleted_at: camera.deletedAt?.toISOString() ?? null,
  };
}

/** What the column holds was parsed when it was written. */
export function assignmentsOf({ assignments }: Pick<Camera, 'assignments'>): CameraAssignment[] | null {
  return z.array(CameraAssignment).nullable().parse(assignments);
}

function recordingStateOf(options: {
  camera: Camera;
  lastRecording: LastRecording | undefined;
  nowMs: number;
}): CameraView['recording_state'] {
  const { camera, lastRecording, nowMs } = options;
  if (!camera.recordingEnabled) return 'off';
  if (!camera.isActive) return 'not_recording';
  if (!lastRecording) return 'never';
  return Math.abs(nowMs - lastRecording.endsAt.getTime()) < recordingFreshMs ? 'recording' : 'stalled';
}

/**
 * Whether the camera sends is known from its recording alone; null: not known. One that was never recorded is offline once the
 * recorder said why, unless it was changed since.
 */
function liveOnlineOf(state: CameraView['recording_state'], { lastProblemAt, updatedAt }: Camera): boolean | null {
  if (state === 'recording') return true;
  if (state === 'never') return lastProblemAt && lastProblemAt > updatedAt ? false : null;
  return state === 'stalled' ? false : null;
}
