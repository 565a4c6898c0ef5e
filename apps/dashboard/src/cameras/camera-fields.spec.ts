import { describe, expect, it } from '@jest/globals';
import type { CameraView } from '@nightjar/contracts';
import { changedOf, fieldsOf, triedOf, typedOf } from './camera-fields.js';

const camera = {
  name: 'Yard',
  rtsp_url: 'rtsp://10.0.0.5/1',
  username: 'ada',
  transport_security: 'rtsps_preferred',
  rtsp_transport: 'tcp',
} as CameraView;
const typed = typedOf(camera);

describe('the form of a camera', () => {
  it('sends what was changed, and no password that was not typed', () => {
    const change = (part: Partial<typeof typed>) => changedOf(fieldsOf({ ...typed, ...part }), fieldsOf(typed));
    expect(change({})).toEqual({});
    expect(change({ name: ' Gate ', username: '', security: 'rtsps_required' })).toEqual({
      name: 'Gate',
      username: null,
      transport_security: 'rtsps_required',
    });
    expect(change({ password: 'new' })).toEqual({ password: 'new' });
  });

  it('tries what was changed, and leaves the rest to what is saved', () => {
    expect(triedOf(typed, camera)).toEqual({});
    expect(triedOf({ ...typed, name: 'Gate', rtspUrl: 'rtsp://10.0.0.6/1', username: '' }, camera)).toEqual({
      rtsp_url: 'rtsp://10.0.0.6/1',
      username: null,
    });
    expect(triedOf({ ...typed, password: 'new', transport: 'udp' }, camera)).toEqual({ password: 'new', rtsp_transport: 'udp' });
  });
});
