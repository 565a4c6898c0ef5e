import { classifyAddress, parseAddress, parseRemoteUrl, AddressPolicy } from '@nightjar/outbound';

/**
 * Whether an app's address is one of this installation: loopback, a private network, or a name of one label, as containers have.
 * @returns its origin and path; undefined for every other address
 */
export function readAppUrl(text: string): string | undefined {
  try {
    const { host, origin, path } = parseRemoteUrl(text);
    const address = parseAddress(host);
    const isNear = address ? isPrivate(classifyAddress(address)) : /^[a-z0-9_-]+$/.test(host);
    return isNear ? `${origin}${path.replace(/\?.*$/, '').replace(/\/+$/, '')}` : undefined;
  } catch {
    return undefined;
  }
}

const isPrivate = (name: string) => name === 'loopback' || name === 'private';

/** Where apps are asked: private addresses only, and never our own ports. A name that leads elsewhere is not followed. */
export class AppAddressPolicy extends AddressPolicy {
  override allowsAddress(text: string, port: number): boolean {
    const address = parseAddress(text);
    return address !== undefined && isPrivate(classifyAddress(address)) && super.allowsAddress(text, port);
  }
}
