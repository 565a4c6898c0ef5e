import { createBearerAuthenticator, JwksKeys } from '@nightjar/auth';
import type { GatewayParts } from '../gateway-parts.js';
import { ApiKeys } from './api-keys.js';
import { CallerAuthenticator } from './caller-authenticator.js';
import { KeysService } from './keys.service.js';
import { KeysStore } from './keys.store.js';

/** Who may call, and the management of keys. Callers show a key of ours, or a token of the NVR. */
export function openCallers({ config, database, clock, logger }: GatewayParts): { callers: CallerAuthenticator; keys: KeysService } {
  const { keyHeader, requestsPerMinute, issuer, jwksUrl, jwksCacheFile } = config.callers;
  const keys = new ApiKeys(database, clock);
  const tokenKeys = new JwksKeys({ url: jwksUrl, cacheFile: jwksCacheFile, clock, logger });
  const verifyToken = createBearerAuthenticator({ issuer, findKey: (kid) => tokenKeys.find(kid) });
  return {
    callers: new CallerAuthenticator({ keys, verifyToken, clock, keyHeader, requestsPerMinute }),
    keys: new KeysService({ store: new KeysStore(database), keys, clock, logger }),
  };
}
