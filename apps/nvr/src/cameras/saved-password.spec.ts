import { describe, expect, it } from '@jest/globals';
import { mayHavePassword } from './saved-password.js';

const saved = { rtspUrl: 'rtsp://10.0.0.5/main', substreamUrl: 'rtsp://10.0.0.6/sub', onvifUrl: 'http://cam.lan/onvif' };
const encrypted = { rtspUrl: 'rtsps://10.0.0.5/main', substreamUrl: null, onvifUrl: null };

describe('a saved password', () => {
  it('goes to the hosts of its camera, whatever the path and the port', () => {
    for (const url of ['rtsp://10.0.0.5/other', 'rtsp://10.0.0.5:8554/', 'rtsps://10.0.0.6/', 'rtsp://CAM.lan/1', 'http://10.0.0.5/onvif'])
      expect([url, mayHavePassword(url, saved)]).toEqual([url, true]);
  });

  it('goes to no other one, however alike it looks', () => {
    for (const url of [
      'rtsp://10.0.0.50/main',
      'rtsp://10.0.0.5.attacker.example/main',
      'rtsp://attacker.example/10.0.0.5',
      'rtsp://[::ffff:10.0.0.5]/main',
      'rtsp://0x0a000005/main',
      'http://lan/onvif',
    ])
      expect([url, mayHavePassword(url, saved)]).toEqual([url, false]);
  });

  it('is not sent where it can be read when it was saved for an encrypted address', () => {
    for (const url of ['rtsp://10.0.0.5/main', 'http://10.0.0.5/main']) {
      expect([url, mayHavePassword(url, encrypted)]).toEqual([url, false]);
      expect([url, mayHavePassword(url, { ...encrypted, rtspUrl: 'https://10.0.0.5/main' })]).toEqual([url, false]);
    }
    expect(mayHavePassword('rtsps://10.0.0.5:322/main', encrypted)).toBe(true);
    // By ONVIF a digest is sent, and never the password.
    expect(mayHavePassword('http://10.0.0.5/onvif', encrypted, 'onvif')).toBe(true);
  });
});
