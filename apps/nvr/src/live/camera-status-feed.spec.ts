import { describe, expect, it } from '@jest/globals';
import type { CameraView } from '@nightjar/contracts';
import { statusChanges } from './camera-status-feed.js';

const at = 1_700_000_000_000;
const view = (id: number, status: CameraView['status'], status_reason: string | null = null) =>
  ({ id, name: `Camera ${id}`, frames_name: `camera_${id}`, status, status_reason }) as CameraView;

describe('what is told of cameras that come and go', () => {
  it('is who came, and who went with the reason', () => {
    const known = new Map<number, CameraView['status']>([
      [1, 'offline'],
      [2, 'online'],
      [3, 'online'],
      [4, 'unknown'],
    ]);
    const views = [view(1, 'online'), view(2, 'offline', 'the camera is not reached'), view(3, 'online'), view(4, 'online')];
    const occurred_at = '2023-11-14T22:13:20.000Z';
    expect(statusChanges(known, views, at)).toEqual([
      { camera_id: 1, camera_name: 'Camera 1', status: 'online', path: 'cam-1', reason: null, occurred_at },
      { camera_id: 2, camera_name: 'Camera 2', status: 'offline', path: 'cam-2', reason: 'the camera is not reached', occurred_at },
      { camera_id: 4, camera_name: 'Camera 4', status: 'online', path: 'cam-4', reason: null, occurred_at },
    ]);
  });

  it('is nothing of a camera that is new, gone, or neither there nor known to be away', () => {
    expect(statusChanges(new Map([[1, 'online']]), [view(1, 'unknown'), view(2, 'online')], at)).toEqual([]);
  });
});
