import { lookup as lookupName } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { parseNetwork, type Network } from '@nightjar/outbound';
import { AppAddressPolicy } from '../apps/app-url.js';

const networks = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7']
  .map((text) => parseNetwork(text))
  .filter((network): network is Network => network !== undefined);

/** Where adapters may be: this machine and private networks. Pictures of cameras do not leave the installation, whatever a name resolves to. */
export class AdapterPolicy extends AppAddressPolicy {
  constructor() {
    super({ networks, ownPorts: new Set() });
  }

  /** Resolves names for clients that connect by themselves; what it gives is checked. */
  lookupFor(port: number): LookupFunction {
    return (host, options, callback) =>
      lookupName(host, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, '', 0);
        const [first] = addresses;
        if (!first || !addresses.every(({ address }) => this.allowsAddress(address, port)))
          return callback(new Error('this address is not allowed'), '', 0);
        if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
  }
}
