import {
  described,
  flag,
  integer,
  jsonBody,
  listOf,
  moment,
  object,
  orNull,
  queryParameters,
  ref,
  text,
  type RouteDoc,
} from '@nightjar/openapi';
import { ListQuery as AuditQuery } from '../audit/audit.controller.js';
import { ChangedPolicy } from '../auth/sign-in-policy.controller.js';
import { NewKeyBody, Page as KeysPage } from '../keys/keys.controller.js';
import { ChangedPermissions, ChangedRole, NewRole } from '../roles/roles.controller.js';
import { ChangeBody, GrantsBody, NewUserBody, OwnProfileBody, Page as UsersPage } from '../users/users.controller.js';
import { noContent, ok, operation } from './operation.js';

const page = { skip: 'Rows to leave out', limit: 'Rows of a page' };
const message = object({ message: text });
const grants = object({ camera_ids: listOf(integer) });
const permissions = object({ permissions: listOf(text) });
const refused = [403, 404, 503];

/** Users, roles, keys and what was done: for admins. */
export const userOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/users', 'listUsers', 'Users, a page at a time', {
    parameters: queryParameters(UsersPage, page),
    replies: ok('A page', listOf(ref('User'))),
    errors: [403, 422, 503],
  }),
  operation('POST /api/v1/users', 'createUser', 'Make a user', {
    body: jsonBody(NewUserBody),
    replies: ok('The user', 'User'),
    errors: [400, 403, 409, 422, 503],
  }),
  operation('GET /api/v1/users/me', 'showMe', 'Who one is', { replies: ok('The user', 'User'), errors: [403, 503] }),
  operation('PUT /api/v1/users/me', 'changeMe', 'Change one’s own names and e-mail address', {
    body: jsonBody(OwnProfileBody),
    replies: ok('The user', 'User'),
    errors: [403, 409, 422, 503],
  }),
  operation('POST /api/v1/auth/register', 'registerUser', 'Make a viewer, as OpenNVR’s clients do it; by an admin', {
    body: jsonBody(NewUserBody),
    replies: ok('The user', 'User'),
    errors: [400, 403, 422, 503],
  }),
  operation('GET /api/v1/users/me/permissions', 'myPermissions', 'What one’s role holds', {
    replies: ok('Names of permissions', object({ permissions: listOf(text), is_superuser: flag })),
    errors: [403, 503],
  }),
  operation('GET /api/v1/users/{userId}', 'getUser', 'One user', { replies: ok('The user', 'User'), errors: refused }),
  operation('PUT /api/v1/users/{userId}', 'changeUser', 'Change a user; a new password or role ends his sessions', {
    body: jsonBody(ChangeBody),
    replies: ok('The user', 'User'),
    errors: [400, 403, 404, 409, 422, 503],
  }),
  operation('POST /api/v1/users/{userId}/activate', 'activateUser', 'Let a user in again', {
    replies: ok('The user', 'User'),
    errors: refused,
  }),
  operation('DELETE /api/v1/users/{userId}', 'removeUser', 'Remove a user', {
    replies: ok('Removed', message),
    errors: [403, 404, 409, 503],
  }),
  operation('GET /api/v1/users/{userId}/cameras', 'listGrants', 'Cameras that a user may see beside those of his own', {
    replies: ok('Numbers of cameras', grants),
    errors: refused,
  }),
  operation('PUT /api/v1/users/{userId}/cameras', 'replaceGrants', 'Exactly these from now on', {
    body: jsonBody(GrantsBody),
    replies: ok('Numbers of cameras', grants),
    errors: [403, 404, 422, 503],
  }),
  operation('GET /api/v1/roles', 'listRoles', 'All roles', { replies: ok('All roles', listOf(ref('Role'))), errors: [403, 503] }),
  operation('POST /api/v1/roles', 'createRole', 'Make a role', {
    body: jsonBody(NewRole),
    replies: { 201: { description: 'The role', schema: ref('Role') } },
    errors: [403, 409, 422, 503],
  }),
  operation('GET /api/v1/roles/{roleId}', 'getRole', 'One role', { replies: ok('The role', 'Role'), errors: refused }),
  operation('PUT /api/v1/roles/{roleId}', 'changeRole', 'Change a role; it counts at once for all who have it', {
    body: jsonBody(ChangedRole),
    replies: ok('The role', 'Role'),
    errors: [403, 404, 409, 422, 503],
  }),
  operation('DELETE /api/v1/roles/{roleId}', 'removeRole', 'Remove a role that nobody has', {
    replies: ok('Removed', message),
    errors: [403, 404, 409, 503],
  }),
  operation('GET /api/v1/permissions', 'listPermissions', 'All that a role may hold', {
    replies: ok('Names', permissions),
    errors: [403, 503],
  }),
  operation('GET /api/v1/permissions/roles/{roleId}', 'permissionsOfRole', 'What a role holds', {
    replies: ok('Names', permissions),
    errors: refused,
  }),
  operation('PUT /api/v1/permissions/roles/{roleId}', 'changePermissionsOfRole', 'What a role holds from now on', {
    body: jsonBody(ChangedPermissions),
    replies: ok('Names', permissions),
    errors: [403, 404, 409, 422, 503],
  }),
  operation('GET /api/v1/password-policy', 'getSignInPolicy', 'How people sign in', {
    replies: ok('The policy', 'SignInPolicy'),
    errors: [403, 503],
  }),
  operation('PUT /api/v1/password-policy', 'changeSignInPolicy', 'Change how people sign in', {
    body: jsonBody(ChangedPolicy),
    replies: ok('The policy', 'SignInPolicy'),
    errors: [403, 422, 503],
  }),
  operation('GET /api/v1/api-keys', 'listKeys', 'Keys of other programs, newest first, also those that were revoked', {
    parameters: queryParameters(KeysPage, page),
    replies: ok('A page', object({ keys: listOf(ref('ApiKey')) })),
    errors: [403, 422, 503],
  }),
  operation('POST /api/v1/api-keys', 'createKey', 'Make a key; the answer is the only place where it is seen', {
    body: jsonBody(NewKeyBody, { 'for a wall of pictures': { name: 'wall', scopes: ['cameras:read'], camera_ids: 'all' } }),
    replies: { 201: { description: 'The key', schema: ref('CreatedApiKey') } },
    errors: [403, 404, 422, 503],
  }),
  operation('DELETE /api/v1/api-keys/{keyId}', 'revokeKey', 'Revoke a key', { replies: noContent, errors: refused }),
  operation('GET /api/v1/audit-logs', 'listAuditLog', 'What was done here, newest first', {
    parameters: queryParameters(AuditQuery, { ...page, user_id: 'By this user only', action: 'Of this kind only, `camera.created`' }),
    replies: ok('A page', object({ logs: listOf(ref('AuditEntry')), total: integer })),
    errors: [403, 422, 503],
  }),
];

const apiKey = {
  id: text,
  name: text,
  prefix: described(text, 'First characters of the key'),
  status: { enum: ['active', 'expired', 'revoked'] },
  scopes: listOf(text),
  camera_ids: { anyOf: [listOf(integer), { const: 'all' }] },
  created_at: moment,
  expires_at: orNull(moment),
  revoked_at: orNull(moment),
  last_used_at: described(orNull(moment), 'To the minute'),
};

/** Schemas that are named in the operations above. */
export const userSchemas = {
  User: object({
    id: integer,
    username: text,
    email: orNull(text),
    first_name: orNull(text),
    last_name: orNull(text),
    is_active: flag,
    role_id: integer,
    role_name: text,
    is_superuser: flag,
    password_set: flag,
    mfa_enabled: flag,
    created_at: moment,
    updated_at: moment,
  }),
  Role: object({
    id: integer,
    name: text,
    description: text,
    permissions: listOf(text),
    is_builtin: flag,
    created_at: moment,
    updated_at: moment,
  }),
  SignInPolicy: object({
    min_length: integer,
    min_classes: described(integer, 'Kinds of characters: capitals, small letters, digits, others'),
    disallow_username_email: flag,
    passphrase_enabled: described(flag, 'Whether a long password needs no kinds of characters'),
    passphrase_min_length: integer,
    history_count: described(integer, 'Former passwords that are refused'),
    expiration_days: { type: 'null' },
    max_failed_attempts: integer,
    lockout_minutes: integer,
    reset_token_ttl_minutes: { type: 'null' },
    require_mfa_for_privileged: flag,
  }),
  ApiKey: object(apiKey),
  CreatedApiKey: object({ ...apiKey, key: described(text, 'The key itself. It is shown here and never again') }),
  AuditEntry: object({
    id: integer,
    timestamp: moment,
    action: text,
    entity_type: text,
    entity_id: orNull(text),
    details: {},
    ip: text,
    user_agent: text,
    user_id: orNull(integer),
    actor: text,
    request_id: text,
  }),
};
