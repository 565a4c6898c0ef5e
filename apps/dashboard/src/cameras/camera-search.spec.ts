import { describe, expect, it } from '@jest/globals';
import type { CameraView } from '@nightjar/contracts';
import { countsText, searchCameras } from './camera-search.js';

const camera = (name: string, more: Partial<CameraView> = {}) =>
  ({
    name,
    location: null,
    ip_address: null,
    rtsp_url: 'rtsp://192.168.1.20/main',
    is_active: true,
    status: 'online',
    ...more,
  }) as CameraView;
const gate = camera('Gate', { location: 'North side' });
const yard = camera('Yard', { status: 'offline' });
const attic = camera('Attic', { is_active: false, rtsp_url: 'rtsp://10.0.0.7/1' });
const shed = camera('Shed', { status: 'unknown' });
const all = [gate, yard, attic, shed];

describe('the search for cameras', () => {
  it.each([
    ['', 'all', all],
    [' gATe ', 'all', [gate]],
    ['north', 'all', [gate]],
    ['10.0.0', 'all', [attic]],
    ['', 'offline', [yard]],
    ['', 'off', [attic]],
    ['yard', 'online', []],
  ] as const)('for %p among those %s finds by name, place and address', (text, state, found) => {
    expect(searchCameras(all, { text, state })).toEqual(found);
  });

  it('counts how they are, without what is none', () => {
    expect(countsText(all)).toBe('4 cameras: 1 online, 1 offline, 1 not known, 1 switched off');
    expect(countsText([gate])).toBe('1 camera: 1 online');
  });
});
