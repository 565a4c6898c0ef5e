import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { AppError, SettingsError } from '@nightjar/runtime';

const lookupDeadlineMs = 3_000;

interface CameraTarget {
  host: string;
  port: number;
  /** The demo camera lives on loopback; no other camera may, unless the configured networks say so. */
  isDemo: boolean;
}

/** Which addresses cameras may have: what keeps a camera's URL from reaching the services of this machine or the internet. */
export class CameraNetworks {
  private readonly allowed: BlockList;
  private readonly loopback = blockListOf(['127.0.0.0/8', '::1/128']);

  /** @throws SettingsError when a network is not a CIDR */
  constructor(
    private readonly options: { networks: readonly string[]; ownPorts: readonly number[]; ownAddresses?: () => readonly string[] },
  ) {
    this.allowed = blockListOf(options.networks);
  }

  /** Why a camera may not be at this IP address, or undefined. */
  problemWith(address: string, { port, isDemo }: Pick<CameraTarget, 'port' | 'isDemo'>): string | undefined {
    const isLoopback = contains(this.loopback, address);
    if (!contains(this.allowed, address) && !(isDemo && isLoopback)) return 'is not in a camera network (NIGHTJAR_CAMERA_NETWORKS)';
    if (this.options.ownPorts.includes(port) && (isLoopback || this.isOwn(address))) return 'is a service of this system';
    return undefined;
  }

  /** In whatever spelling. Who connects to the unspecified address reaches this machine too. */
  private isOwn(address: string): boolean {
    const { ownAddresses = addressesOfThisMachine } = this.options;
    const own = blockListOf(['0.0.0.0/32', '::/128']);
    for (const text of ownAddresses()) own.addAddress(text, isIP(text) === 4 ? 'ipv4' : 'ipv6');
    return contains(own, address);
  }

  /**
   * Finds the address to connect to. Every address of a name must be allowed, and the caller connects to the one that was
   * checked: a name that changes its mind later changes nothing.
   * @throws AppError `unprocessable` when it is not allowed, `unavailable` when the name can't be resolved
   */
  async resolve(target: CameraTarget): Promise<string> {
    const addresses = isIP(target.host) === 0 ? await addressesOf(target.host) : [target.host];
    const problem = addresses.map((address) => this.problemWith(address, target)).find((found) => found !== undefined);
    const [first] = addresses;
    if (problem !== undefined || first === undefined)
      throw new AppError('unprocessable', `the camera's host ${problem ?? 'has no address'}`);
    return first;
  }
}

async function addressesOf(host: string): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the name service is slow')), lookupDeadlineMs);
  });
  try {
    return (await Promise.race([lookup(host, { all: true }), late])).map(({ address }) => address);
  } catch (cause) {
    throw new AppError('unavailable', "the camera's host name cannot be resolved", { cause, retryAfterMs: 10_000 });
  } finally {
    clearTimeout(timer);
  }
}

function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    const family = isIP(address);
    const bits = Number(prefix);
    if (family === 0 || !/^\d{1,3}$/.test(prefix) || bits > (family === 4 ? 32 : 128))
      throw new SettingsError(`NIGHTJAR_CAMERA_NETWORKS: "${network}" is not a network like 192.168.0.0/16`);
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** An IPv4 address in IPv6 clothes (`::ffff:10.0.0.1`) counts as the IPv4 address that it reaches. */
function contains(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
