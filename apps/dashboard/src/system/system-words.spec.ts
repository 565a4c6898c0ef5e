import { describe, expect, it } from '@jest/globals';
import type { CameraView } from '@nightjar/contracts';
import type { Adapter, Resources, Storage } from './system-report.js';
import { bytesText, forecastText, worriesOf } from './system-words.js';

const storage: Storage = {
  degraded: [],
  used_bytes: 1,
  free_bytes: 1,
  total_bytes: 2,
  archive: null,
  forecast_days_left: null,
  bounds: { days: null, used_bytes: null, free_bytes: null },
  cameras: [],
};
const resources: Resources = { cpu_percent: 3, memory: { total: 2, used: 1 }, active_alerts: [] };
const adapter = (health: Adapter['health_status']): Adapter => ({
  name: 'default',
  adapter_version: null,
  model_name: null,
  model_version: null,
  tasks_advertised: [],
  health_status: health,
});
const camera = (name: string, more: Partial<CameraView>) =>
  ({ name, is_active: true, status: 'online', recording_state: 'recording', ...more }) as CameraView;

describe('what wants an eye of the operator', () => {
  it('is nothing while all is well, and while a model loads', () => {
    expect(worriesOf({ storage, resources, adapters: [adapter('ok'), adapter('loading')], cameras: [camera('Gate', {})] })).toEqual([]);
    expect(worriesOf({})).toEqual([]);
  });

  it('is each thing that fails, in words, the recorder first', () => {
    const worries = worriesOf({
      storage: { ...storage, degraded: ['the recorder does not answer'] },
      resources: {
        ...resources,
        active_alerts: [
          { alert_type: 'disk_low', since: '' },
          { alert_type: 'of tomorrow', since: '' },
        ],
      },
      adapters: [adapter('unreachable')],
      cameras: [camera('Gate', { status: 'offline' }), camera('Yard', { recording_state: 'stalled' })],
    });
    expect(worries).toEqual([
      'Recording: the recorder does not answer.',
      'The models of default: does not answer.',
      'Offline: Gate.',
      'Recording stands still: Yard.',
      'The disk of recordings is full to more than nine tenths.',
      'of tomorrow',
    ]);
  });

  it('names a few of many cameras, and none that is switched off', () => {
    const cameras = Array.from({ length: 30 }, (_, place) => camera(`C${place}`, { status: 'offline', is_active: place < 7 }));
    expect(worriesOf({ cameras })).toEqual(['Offline: C0, C1, C2, C3, C4 and 2 more.']);
  });
});

describe('room for recordings', () => {
  it.each([
    [null, null, /known after ten minutes/],
    [null, 30, /removed after 30 days; there is room/],
    [0, null, /no room left/],
    [1.5, null, /in 36 hours/],
    [12.3, null, /in 12 days/],
    [36_500, null, /in 100 years/],
  ])('is told for %p days left and a bound of %p days', (left, days, text) => {
    expect(forecastText({ ...storage, forecast_days_left: left, bounds: { ...storage.bounds, days } })).toMatch(text);
  });

  it('is told in units that can be read', () => {
    expect([0, 999, 1_000, 57_205_139, 4_240_000_000, 270_553_174_016].map(bytesText)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '57 MB',
      '4.2 GB',
      '271 GB',
    ]);
  });
});
