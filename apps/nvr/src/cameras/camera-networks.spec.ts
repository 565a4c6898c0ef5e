import { describe, expect, it } from '@jest/globals';
import { CameraNetworks } from './camera-networks.js';

const networks = new CameraNetworks({
  networks: ['10.0.0.0/8', '192.168.0.0/16', 'fc00::/7'],
  ownPorts: [8000],
  ownAddresses: () => ['10.0.0.9'],
});
const camera = { port: 554, isDemo: false };

describe('the networks of cameras', () => {
  it.each(['10.1.2.3', '192.168.1.1', 'fd00::1', '::ffff:10.1.2.3'])('hold %p', (address) => {
    expect(networks.problemWith(address, camera)).toBeUndefined();
  });

  it.each([
    '127.0.0.1',
    '::1',
    '8.8.8.8',
    '169.254.169.254',
    '0.0.0.0',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::0a01:0203',
    '2002:0a01:0203::1',
    'fe80::1',
    'camera.lan',
    '',
  ])('do not hold %p', (address) => {
    expect(networks.problemWith(address, camera)).toEqual(expect.any(String));
  });

  it('hold loopback for the demo camera alone', () => {
    expect(networks.problemWith('127.0.0.1', { port: 8554, isDemo: true })).toBeUndefined();
    expect(networks.problemWith('8.8.8.8', { port: 8554, isDemo: true })).toEqual(expect.any(String));
  });

  it('never hold the services of this system, at whatever address of this machine', () => {
    expect(networks.problemWith('10.0.0.9', { port: 8000, isDemo: false })).toEqual(expect.any(String));
    expect(networks.problemWith('127.0.0.1', { port: 8000, isDemo: true })).toEqual(expect.any(String));
    expect(networks.problemWith('10.0.0.8', { port: 8000, isDemo: false })).toBeUndefined();
  });

  it.each(['10.0.0.9', '::ffff:10.0.0.9', '::ffff:a00:9', '0:0:0:0:0:FFFF:0A00:0009', 'fd00::9', 'FD00:0::0009', '0.0.0.0', '::'])(
    'do not hold them as %p either, which reaches this machine too',
    (address) => {
      const all = new CameraNetworks({
        networks: ['0.0.0.0/0', '::/0'],
        ownPorts: [8000],
        ownAddresses: () => ['10.0.0.9', 'fd00::9', 'fe80::9%eth0'],
      });
      expect(all.problemWith(address, { port: 8000, isDemo: false })).toBe('is a service of this system');
      expect(all.problemWith(address, camera)).toBeUndefined();
    },
  );

  it.each(['10.0.0.0', '10.0.0.0/33', 'lan/8', '10.0.0.0/', '/8'])('cannot be configured as %p', (network) => {
    expect(() => new CameraNetworks({ networks: [network], ownPorts: [] })).toThrow('NIGHTJAR_CAMERA_NETWORKS');
  });
});
