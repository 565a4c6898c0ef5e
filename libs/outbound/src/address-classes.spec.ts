import { describe, expect, it } from '@jest/globals';
import { classifyAddress, parseAddress, parseNetwork, type AddressClass } from './address-classes.js';
import { AddressPolicy } from './address-policy.js';

const addresses: Record<AddressClass, readonly string[]> = {
  public: ['8.8.8.8', '93.184.216.34', '172.15.255.255', '172.32.0.0', '100.63.255.255', '100.128.0.0', '198.17.0.1', '2606:2800:220:1::1'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fc00::1', 'fdff:ffff::1', 'fec0::1'],
  shared: ['100.64.0.1', '100.127.255.255'],
  link_local: ['169.254.0.1', '169.254.255.255', 'fe80::1', 'febf::1'],
  metadata: ['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254'],
  benchmarking: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  broadcast: ['255.255.255.255'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  reserved: ['192.0.0.1', '192.88.99.1', '240.0.0.1', '2001:20::1', '100::1', '5f00::1', '4000::1', 'fe00::1'],
  embedded: [
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '0:0:0:0:0:ffff:7f00:1',
    '::127.0.0.1',
    '::7f00:2',
    '::ffff:0:127.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::7f00:1',
    '64:ff9b:1:ffff::1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '2001::1',
    '2001:0:7f00:1::80ff:fffe',
    '2606:2800:220:1:0:5efe:127.0.0.1',
    '2606:2800:220:1:200:5efe:7f00:1',
  ],
};
const openable: readonly AddressClass[] = [
  'public',
  'loopback',
  'private',
  'shared',
  'link_local',
  'benchmarking',
  'documentation',
  'reserved',
];
const everything = ['0.0.0.0/0', '::/0'].map((text) => parseNetwork(text)!);

const table = Object.entries(addresses).flatMap(([name, list]) => list.map((address) => [address, name as AddressClass] as const));
const policyOf = (networks: readonly string[], own: { ports?: readonly number[]; addresses?: readonly string[] } = {}) =>
  new AddressPolicy({
    networks: networks.map((text) => parseNetwork(text)!),
    ports: new Set([80]),
    ownPorts: new Set(own.ports ?? []),
    ownAddresses: () => own.addresses ?? [],
  });

describe('T19 (CVE-2026-79913): address classes', () => {
  it.each(table)('%s is %s', (address, name) => {
    expect(classifyAddress(parseAddress(address)!)).toBe(name);
  });

  it.each(table)('%s (%s) is open by default only when public, and never by a list when it hides another address', (address, name) => {
    expect(policyOf([]).allowsAddress(address, 80)).toBe(name === 'public');
    const open = new AddressPolicy({ networks: everything, ports: new Set([80]), ownPorts: new Set(), ownAddresses: () => [] });
    expect(open.allowsAddress(address, 80)).toBe(openable.includes(name));
  });

  it.each(['', 'localhost', '127.1', '0177.0.0.1', '0x7f.0.0.1', '2130706433', '127.0.0.1 ', '[::1]', 'fe80::1%eth0', '1.2.3.4/32', '::g'])(
    '%j is no address, and so not allowed',
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
      expect(policyOf(['0.0.0.0/0', '::/0']).allowsAddress(text, 80)).toBe(false);
    },
  );
});

describe('networks that an operator opens', () => {
  it('are open to their last address and no further', () => {
    const policy = policyOf(['192.168.4.0/22', 'fd00:1::/32']);
    for (const address of ['192.168.4.0', '192.168.7.255', 'fd00:1::1', '8.8.8.8']) expect(policy.allowsAddress(address, 80)).toBe(true);
    for (const address of ['192.168.3.255', '192.168.8.0', 'fd00:2::1', '10.0.0.1', '127.0.0.1', '::ffff:192.168.4.1'])
      expect(policy.allowsAddress(address, 80)).toBe(false);
  });

  it('never hold our own services, at whatever address of this machine', () => {
    const policy = policyOf(['0.0.0.0/0', '::/0'], { ports: [9100], addresses: ['10.0.0.9', 'fd00:0::9', '198.51.100.7'] });
    for (const address of ['127.0.0.1', '127.8.9.1', '::1', '10.0.0.9', 'fd00::9', '198.51.100.7'])
      expect([address, policy.allowsAddress(address, 9100), policy.allowsAddress(address, 80)]).toEqual([address, false, true]);
    expect(policy.allowsAddress('10.0.0.8', 9100)).toBe(true);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '::/129', 'lan/8', '10.0.0.0/', '/8', '10/8', '010.0.0.0/8', '10.0.0.0/8/8', '10.0.0.0/-1'])(
    'cannot be written as %j',
    (text) => expect(parseNetwork(text)).toBeUndefined(),
  );
});
