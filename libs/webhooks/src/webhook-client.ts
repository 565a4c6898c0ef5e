import { AddressPolicy, CheckedFetch, type Lookup, type Network } from '@nightjar/outbound';

/** The only client that talks to receivers: http and https, any port that a web server may have, public addresses and opened networks. */
export function openWebhookClient(
  { networks, ownPorts }: { networks: readonly Network[]; ownPorts: readonly number[] },
  { exchangesMax, lookup }: { exchangesMax: number; lookup?: Lookup | undefined },
): CheckedFetch {
  return new CheckedFetch({
    policy: new AddressPolicy({ networks, ownPorts: new Set(ownPorts) }),
    exchangesMax,
    ...(lookup && { lookup }),
  });
}
