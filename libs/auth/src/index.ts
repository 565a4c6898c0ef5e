export { equalSecrets, generateApiKey, hashApiKey, shownPrefix } from './api-key.js';
export { createBearerAuthenticator, jwtAlgorithm, jwtAudience, type AccessClaims, type BearerOptions } from './bearer-token.js';
export { clientNetwork } from './client-network.js';
export { JwksKeys } from './jwks-keys.js';
export { presentedCredential } from './presented-credential.js';
export {
  allows,
  enforcePolicies,
  Policy,
  requireAllowed,
  requirePrincipal,
  type Authenticate,
  type DeclaredRoute,
  type Principal,
  type RoutePolicy,
} from './route-policy.js';
export { SecretBox } from './secret-box.js';
export { createStreamTicketReader, streamTicketAudience, type StreamTicketClaims } from './stream-ticket.js';
