import { isIP } from 'node:net';
import { SettingsError, type SettingName } from '@nightjar/runtime';
import ipaddr from 'ipaddr.js';

/** What kind of place an IP address is. Only `public` may be reached without an operator's word. */
export type AddressClass =
  | 'public'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'link_local'
  | 'benchmarking'
  | 'documentation'
  | 'reserved'
  | 'metadata'
  | 'multicast'
  | 'broadcast'
  | 'unspecified'
  | 'embedded';

/**
 * Whether an operator's list of networks can open a class. What is never open: addresses that reach this machine under another
 * name (0.0.0.0), many machines at once, the credentials of a cloud, or an IPv4 address that only a gateway knows how to read.
 */
const openable: Record<AddressClass, boolean> = {
  public: true,
  loopback: true,
  private: true,
  shared: true,
  link_local: true,
  benchmarking: true,
  documentation: true,
  reserved: true,
  metadata: false,
  multicast: false,
  broadcast: false,
  unspecified: false,
  embedded: false,
};

/** IANA's special-purpose registries (RFC 6890) and the metadata services of the large clouds. The first match counts. */
const networksByClass: readonly (readonly [AddressClass, readonly string[]])[] = [
  [
    'metadata',
    [
      '169.254.169.254/32',
      '169.254.170.2/32',
      '169.254.170.23/32',
      '100.100.100.200/32',
      '168.63.129.16/32',
      '192.0.0.192/32',
      'fd00:ec2::254/128',
      'fd00:ec2::23/128',
      'fd20:ce::254/128',
    ],
  ],
  ['unspecified', ['0.0.0.0/8', '::/128']],
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10']],
  ['shared', ['100.64.0.0/10']],
  ['link_local', ['169.254.0.0/16', 'fe80::/10']],
  ['benchmarking', ['198.18.0.0/15', '2001:2::/48']],
  ['documentation', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20']],
  ['broadcast', ['255.255.255.255/32']],
  ['multicast', ['224.0.0.0/4', 'ff00::/8']],
  // IPv4-compatible, -mapped and -translated, NAT64 (well-known and local), Teredo, 6to4.
  ['embedded', ['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16']],
  ['reserved', ['192.0.0.0/24', '192.88.99.0/24', '240.0.0.0/4', '2001::/23']],
];

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = readonly [Address, number];

const classes = networksByClass.flatMap(([name, networks]) => networks.map((text) => ({ name, network: requireNetwork(text) })));
/** All of IPv6 that was ever given out; the rest is not the internet. */
const globalUnicast = requireNetwork('2000::/3');

/** @returns undefined for anything but a plain IPv4 or IPv6 address: a name, an odd spelling, an address with a zone */
export function parseAddress(text: string): Address | undefined {
  return isIP(text) === 0 || text.includes('%') ? undefined : ipaddr.parse(text);
}

/** @returns undefined when the text is not a network like 192.168.0.0/16 */
export function parseNetwork(text: string): Network | undefined {
  const [, base = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(base);
  if (!address || Number(bits) > (address.kind() === 'ipv4' ? 32 : 128)) return undefined;
  return [address, Number(bits)];
}

/** The networks that a setting lists. @throws SettingsError */
export function requireNetworks(name: SettingName, texts: readonly string[] | undefined): Network[] {
  return (texts ?? []).map((text) => {
    const network = parseNetwork(text);
    if (!network) throw new SettingsError(`${name}: every part must be a network like 192.168.0.0/16`);
    return network;
  });
}

/** An address of the other family is in no network. */
export function isIn(address: Address, [base, bits]: Network): boolean {
  // The library throws where the families differ.
  return address.kind() === base.kind() && address.match([base, bits]);
}

/** The first class whose networks hold it; what no registry names is `reserved`. */
export function classifyAddress(address: Address): AddressClass {
  const found = classes.find(({ network }) => isIn(address, network));
  if (found) return found.name;
  if (address.kind() === 'ipv4') return 'public';
  if (isIsatap(address as ipaddr.IPv6)) return 'embedded';
  return isIn(address, globalUnicast) ? 'public' : 'reserved';
}

/** Whether an operator's list of networks can open addresses of this class. */
export function isOpenable(name: AddressClass): boolean {
  return openable[name];
}

/** ISATAP (RFC 5214) hides an IPv4 address in the last half of any prefix: `…:0:5efe:a.b.c.d`, or `…:200:5efe:a.b.c.d`. */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return parts[5] === 0x5efe && (parts[4] === 0 || parts[4] === 0x200);
}

function requireNetwork(text: string): Network {
  const network = parseNetwork(text);
  if (!network) throw new Error(`not a network: ${text}`);
  return network;
}
