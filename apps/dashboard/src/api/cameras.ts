import { CameraView } from '@nightjar/contracts';
import { z } from 'zod';
import type { Api } from '../api.js';
import type { CameraFields, Credentials, TriedSettings } from '../cameras/camera-fields.js';

const camerasMax = 500;
const Cameras = z.object({ cameras: z.array(CameraView), total: z.number() });
const ConnectionTest = z.object({
  success: z.boolean(),
  reason: z.string().nullable(),
  video_codec: z.string().nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  audio_codec: z.string().nullable(),
  took_ms: z.number(),
});
export type ConnectionTest = z.infer<typeof ConnectionTest>;
const Device = z.object({ address: z.string(), onvif_url: z.string(), name: z.string().nullable(), hardware: z.string().nullable() });
export type Device = z.infer<typeof Device>;
const Devices = z.object({ devices: z.array(Device) });
const DeviceStreams = z.object({
  manufacturer: z.string().nullable(),
  model: z.string().nullable(),
  rtsp_url: z.string().nullable(),
  substream_url: z.string().nullable(),
  onvif_profile: z.string().nullable(),
});
export type DeviceStreams = z.infer<typeof DeviceStreams>;

/** Cameras that the caller may see; `withInactive` also those that are switched off. */
export async function listCameras(api: Api, signal: AbortSignal, { withInactive = false } = {}): Promise<CameraView[]> {
  return (await api.getJson(`/api/v1/cameras?limit=${camerasMax}&active_only=${String(!withInactive)}`, Cameras, signal)).cameras;
}

export async function listDeletedCameras(api: Api, signal: AbortSignal): Promise<CameraView[]> {
  return (await api.getJson('/api/v1/cameras/deleted', Cameras, signal)).cameras;
}

/** `force` takes an address that another camera has already. */
export function addCamera(api: Api, fields: CameraFields, { force }: { force: boolean }): Promise<CameraView> {
  const json = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
  return api.sendJson(`/api/v1/cameras?force=${String(force)}`, CameraView, { method: 'POST', json });
}

/** Changes what is named. */
export function changeCamera(api: Api, id: number, fields: Partial<CameraFields>, { force }: { force: boolean }): Promise<CameraView> {
  return api.sendJson(`/api/v1/cameras/${id}?force=${String(force)}`, CameraView, { method: 'PUT', json: fields });
}

export function deleteCamera(api: Api, id: number): Promise<void> {
  return api.send(`/api/v1/cameras/${id}`, { method: 'DELETE' });
}

/** Brings a deleted camera back, switched off. */
export function restoreCamera(api: Api, id: number): Promise<CameraView> {
  return api.sendJson(`/api/v1/cameras/${id}/restore`, CameraView, { method: 'POST' });
}

/** Connects to an address that is not saved yet. */
export function testAddress(api: Api, address: Credentials & Pick<CameraFields, 'rtsp_url' | 'rtsp_transport'>): Promise<ConnectionTest> {
  return api.sendJson('/api/v1/cameras/test-connection', ConnectionTest, { method: 'POST', json: address });
}

/** Connects to a saved camera, as it is saved or with other settings. @throws ApiError with the field `password` where it must be typed again */
export function testCamera(api: Api, id: number, tried: TriedSettings = {}): Promise<ConnectionTest> {
  return api.sendJson(`/api/v1/cameras/${id}/test-connection`, ConnectionTest, { method: 'POST', json: tried });
}

/** Asks the network for ONVIF cameras; takes three seconds. */
export async function discoverDevices(api: Api): Promise<Device[]> {
  return (await api.sendJson('/api/v1/cameras/discover', Devices, { method: 'POST' })).devices;
}

/** What a camera that was found would be saved with. */
export function readDeviceStreams(api: Api, device: Credentials & { onvif_url: string }): Promise<DeviceStreams> {
  return api.sendJson('/api/v1/cameras/profiles', DeviceStreams, { method: 'POST', json: device });
}

/** The newest picture of a camera. @throws ApiError with 503 while there is none */
export function readSnapshot(api: Api, cameraId: number, signal: AbortSignal): Promise<Blob> {
  return api.getBlob(`/api/v1/cameras/${cameraId}/snapshot`, signal);
}
