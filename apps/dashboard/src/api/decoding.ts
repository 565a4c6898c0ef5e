import { CameraDecodeView } from '@nightjar/contracts';
import type { Api } from '../api.js';

/** How much of a camera is decoded for analytics just now, and why. */
export function readDecoding(api: Api, cameraId: number, signal: AbortSignal): Promise<CameraDecodeView> {
  return api.getJson(`/api/v1/cameras/${cameraId}/decode`, CameraDecodeView, signal);
}
