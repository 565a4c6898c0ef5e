import { anyObject, flag, integer, jsonBody, listOf, object, partial, queryParameters, text, type RouteDoc } from '@nightjar/openapi';
import { Credentials, LoginQuery, PasswordChange, RefreshBody } from '../auth/auth.controller.js';
import { CodeBody } from '../auth/second-factor.controller.js';
import { FirstUser } from '../setup/setup.controller.js';
import { operation, ok } from './operation.js';

const credentials = jsonBody(Credentials, { 'with a second factor': { username: 'admin', password: 'a long password', code: '123456' } });
const session = queryParameters(LoginQuery, {
  session: '`cookie`: the refresh token stands in a cookie that scripts can’t read; for the NVR’s own page only',
});
const message = object({ message: text });

/** Who one is: tokens, the second factor, the first user. */
export const signInOperations: readonly RouteDoc[] = [
  operation('POST /api/v1/auth/check-setup', 'isSetUp', 'Whether the first user has still to be made', {
    isPublic: true,
    replies: ok('Yes or no', object({ setup_required: flag })),
    errors: [503],
  }),
  operation('POST /api/v1/auth/first-time-setup', 'setUp', 'Make the first user, with the token that the NVR printed at its start', {
    isPublic: true,
    body: jsonBody(FirstUser),
    replies: ok('He may sign in', object({ message: text, mfa_required: { const: false } })),
    errors: [400, 403, 409, 422, 429, 503],
  }),
  operation('POST /api/v1/auth/login', 'logIn', 'Sign in with the OAuth2 password form', {
    isPublic: true,
    parameters: session,
    body: { 'application/x-www-form-urlencoded': { schema: credentials['application/json']!.schema! } },
    replies: ok('A pair of tokens', 'Tokens'),
    errors: [400, 401, 403, 422, 423, 429, 503],
  }),
  operation('POST /api/v1/auth/login-json', 'logInWithJson', 'Sign in with JSON', {
    isPublic: true,
    parameters: session,
    body: credentials,
    replies: ok('A pair of tokens', 'Tokens'),
    errors: [400, 401, 403, 422, 423, 429, 503],
  }),
  operation('POST /api/v1/auth/refresh', 'refresh', 'The next pair of tokens; the former refresh token is spent', {
    description:
      'A refresh token that comes back later than 10 s after it was changed ends its session. Without a body the cookie of the dashboard counts.',
    isPublic: true,
    body: jsonBody(RefreshBody),
    replies: ok('A pair of tokens', 'Tokens'),
    errors: [400, 401, 403, 422, 503],
  }),
  operation('POST /api/v1/auth/logout', 'logOut', 'End the session of the token', { replies: ok('Ended', message), errors: [503] }),
  operation('POST /api/v1/auth/change-password', 'changePassword', 'Change one’s own password; every other session ends', {
    body: jsonBody(PasswordChange),
    replies: ok('A new access token', 'Tokens'),
    errors: [400, 403, 422, 429, 503],
  }),
  operation('GET /api/v1/auth/me', 'me', 'Who one is', { replies: ok('The user', 'User'), errors: [403, 503] }),
  operation(
    'POST /api/v1/auth/mfa/setup',
    'setUpSecondFactor',
    'A new secret for a second factor; it counts when `verify` got a code of it',
    {
      replies: ok('The secret, shown here only', object({ otpauth_url: text, secret: text })),
      errors: [403, 409, 503],
    },
  ),
  operation('POST /api/v1/auth/mfa/verify', 'enableSecondFactor', 'Switch the second factor on', {
    body: jsonBody(CodeBody),
    replies: ok('On; the recovery codes are shown here only', object({ message: text, recovery_codes: listOf(text) })),
    errors: [400, 403, 409, 422, 429, 503],
  }),
  operation('POST /api/v1/auth/mfa/recovery-codes', 'renewRecoveryCodes', 'New recovery codes; the former ones count no more', {
    body: jsonBody(CodeBody),
    replies: ok('Shown here only', object({ recovery_codes: listOf(text) })),
    errors: [400, 403, 409, 422, 429, 503],
  }),
  operation('POST /api/v1/auth/mfa/disable', 'disableSecondFactor', 'Switch the second factor off', {
    body: jsonBody(CodeBody),
    replies: ok('Off', message),
    errors: [400, 403, 409, 422, 429, 503],
  }),
  operation('GET /.well-known/jwks.json', 'publicKeys', 'Public keys of the tokens, for those who check them', {
    isPublic: true,
    replies: ok('JSON Web Key Set', object({ keys: listOf(anyObject) })),
    errors: [503],
  }),
];

/** Schemas that are named in the operations above. */
export const signInSchemas = {
  Tokens: partial({ access_token: text, token_type: { const: 'bearer' } }, { refresh_token: text, expires_in: integer }),
};
