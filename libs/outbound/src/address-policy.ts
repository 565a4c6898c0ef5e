import { networkInterfaces } from 'node:os';
import { classifyAddress, isIn, isOpenable, parseAddress, type Network } from './address-classes.js';

/**
 * Where servers listen that read lines and skip what they don't understand: the body of an HTTP request can hold orders for them.
 * Mail, shells, name and time services, file systems, chat, databases, caches, message buses; what browsers refuse is among them.
 */
const portsOfOtherProtocols: ReadonlySet<number> = new Set([
  ...[1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115],
  ...[117, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556],
  ...[563, 587, 601, 636, 873, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 3306, 3389, 3659, 4045, 4190, 4222, 5060, 5061],
  ...[5432, 5672, 5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9092, 10080, 11211, 27017],
]);

interface AddressPolicyOptions {
  /** Networks beyond the public internet that an operator opened. */
  readonly networks: readonly Network[];
  /** The only ports that are ever connected to; absent: any but those of protocols that a POST could be made to speak. */
  readonly ports?: ReadonlySet<number>;
  /** Where this system itself listens: never connected to on this machine, whatever the networks say. */
  readonly ownPorts: ReadonlySet<number>;
  /** Addresses of this machine; default: those of its network interfaces. */
  readonly ownAddresses?: () => readonly string[];
}

/** Where an outgoing request that somebody else chose the target of may go. */
export class AddressPolicy {
  constructor(private readonly options: AddressPolicyOptions) {}

  allowsPort(port: number): boolean {
    const { ports } = this.options;
    return ports ? ports.has(port) : !portsOfOtherProtocols.has(port);
  }

  /** @param text an IP address as a resolver gives it; anything else is not allowed */
  allowsAddress(text: string, port: number): boolean {
    const address = parseAddress(text);
    if (!address) return false;
    const name = classifyAddress(address);
    const { networks, ownPorts } = this.options;
    if (name !== 'public' && !(isOpenable(name) && networks.some((network) => isIn(address, network)))) return false;
    return !(ownPorts.has(port) && (name === 'loopback' || this.isOwn(address.toString())));
  }

  private isOwn(address: string): boolean {
    const { ownAddresses = addressesOfThisMachine } = this.options;
    return ownAddresses().some((own) => parseAddress(own)?.toString() === address);
  }
}

function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
