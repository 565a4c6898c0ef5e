export { equalSecrets, generateApiKey, hashApiKey, shownPrefix } from './api-key.js';
export { createBearerAuthenticator, jwtAlgorithm, jwtAudience, type AccessClaims, type BearerOptions } from './bearer-token.js';
export {
  allows,
  enforcePolicies,
  Policy,
  requirePrincipal,
  type Authenticate,
  type DeclaredRoute,
  type Principal,
  type RoutePolicy,
} from './route-policy.js';
export { SecretBox } from './secret-box.js';
