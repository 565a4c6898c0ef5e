import type { CameraView } from '@nightjar/contracts';

export const cameraStates = { all: 'all', online: 'online', offline: 'offline', unknown: 'not known', off: 'switched off' } as const;
export type CameraState = keyof typeof cameraStates;

/** What of the cameras is looked for. */
export interface CameraSearch {
  text: string;
  state: CameraState;
}

/** Cameras whose name, place or address holds the text, whatever its case, and that are in the state. */
export function searchCameras(cameras: readonly CameraView[], { state, text }: CameraSearch): CameraView[] {
  const wanted = text.trim().toLocaleLowerCase();
  const holds = (camera: CameraView) =>
    [camera.name, camera.location, camera.ip_address, camera.rtsp_url].some((field) => field?.toLocaleLowerCase().includes(wanted));
  return cameras.filter((camera) => (state === 'all' || stateOf(camera) === state) && (wanted === '' || holds(camera)));
}

/** `30 cameras: 27 online, 2 offline, 1 switched off`. */
export function countsText(cameras: readonly CameraView[]): string {
  const counted = (['online', 'offline', 'unknown', 'off'] as const)
    .map((state) => ({ state, count: cameras.filter((camera) => stateOf(camera) === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ count, state }) => `${count} ${cameraStates[state]}`);
  return `${cameras.length} ${cameras.length === 1 ? 'camera' : 'cameras'}: ${counted.join(', ')}`;
}

function stateOf({ is_active: isActive, status }: CameraView): Exclude<CameraState, 'all'> {
  return isActive ? status : 'off';
}
