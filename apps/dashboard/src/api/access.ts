import { z } from 'zod';
import type { Api } from '../api.js';

const pageSize = 50;
/** Rows of lists that are read whole, in pages of the most that the API gives. */
const listPage = 1_000;
const listPagesMax = 10;
const User = z.object({
  id: z.number(),
  username: z.string(),
  is_active: z.boolean(),
  role_id: z.number(),
  role_name: z.string(),
  is_superuser: z.boolean(),
  mfa_enabled: z.boolean(),
});
export type User = z.infer<typeof User>;
const Role = z.object({
  id: z.number(),
  name: z.string(),
  description: z.string(),
  permissions: z.array(z.string()),
  is_builtin: z.boolean(),
});
export type Role = z.infer<typeof Role>;
const Grants = z.object({ camera_ids: z.array(z.number()) });
const Permissions = z.object({ permissions: z.array(z.string()) });
const Key = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  status: z.enum(['active', 'expired', 'revoked']),
  scopes: z.array(z.string()),
  camera_ids: z.union([z.array(z.number()), z.literal('all')]),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});
export type Key = z.infer<typeof Key>;
const Keys = z.object({ keys: z.array(Key) });
const NewKey = z.object({ key: z.string() });
const Entry = z.object({
  id: z.number(),
  timestamp: z.string(),
  action: z.string(),
  entity_type: z.string(),
  entity_id: z.string().nullable(),
  details: z.unknown(),
  ip: z.string(),
  actor: z.string(),
});
type Entry = z.infer<typeof Entry>;
const Entries = z.object({ logs: z.array(Entry), total: z.number() });
const PasswordPolicy = z.object({
  min_length: z.number(),
  min_classes: z.number(),
  disallow_username_email: z.boolean(),
  passphrase_enabled: z.boolean(),
  passphrase_min_length: z.number(),
  history_count: z.number(),
  max_failed_attempts: z.number(),
  lockout_minutes: z.number(),
  require_mfa_for_privileged: z.boolean(),
});
export type PasswordPolicy = z.infer<typeof PasswordPolicy>;

/** What of a user an administrator may change. */
export interface UserChange {
  role_id?: number;
  is_active?: boolean;
  password?: string;
  /** Takes the second factor away. */
  mfa_enabled?: false;
}

export function listUsers(api: Api, signal: AbortSignal): Promise<User[]> {
  return readPages((page) => api.getJson(`/api/v1/users?${page}`, z.array(User), signal));
}

export function addUser(api: Api, user: { username: string; password: string; role_id: number }): Promise<User> {
  return api.sendJson('/api/v1/users', User, { method: 'POST', json: user });
}

export function changeUser(api: Api, id: number, change: UserChange): Promise<User> {
  return api.sendJson(`/api/v1/users/${id}`, User, { method: 'PUT', json: change });
}

/** Ends the lock after too many wrong passwords, and switches the user on. */
export function unlockUser(api: Api, id: number): Promise<User> {
  return api.sendJson(`/api/v1/users/${id}/activate`, User, { method: 'POST' });
}

export function deleteUser(api: Api, id: number): Promise<void> {
  return api.send(`/api/v1/users/${id}`, { method: 'DELETE' });
}

/** Cameras that a user may see beside his own. */
export async function listGrants(api: Api, userId: number, signal: AbortSignal): Promise<number[]> {
  return (await api.getJson(`/api/v1/users/${userId}/cameras`, Grants, signal)).camera_ids;
}

export function replaceGrants(api: Api, userId: number, cameraIds: readonly number[]): Promise<void> {
  return api.send(`/api/v1/users/${userId}/cameras`, { method: 'PUT', json: { camera_ids: cameraIds } });
}

export function listRoles(api: Api, signal: AbortSignal): Promise<Role[]> {
  return api.getJson('/api/v1/roles', z.array(Role), signal);
}

/** All that a role may hold. */
export async function listPermissions(api: Api, signal: AbortSignal): Promise<string[]> {
  return (await api.getJson('/api/v1/permissions', Permissions, signal)).permissions;
}

export function addRole(api: Api, role: { name: string; permissions: readonly string[] }): Promise<Role> {
  return api.sendJson('/api/v1/roles', Role, { method: 'POST', json: role });
}

export function changeRole(api: Api, id: number, permissions: readonly string[]): Promise<Role> {
  return api.sendJson(`/api/v1/roles/${id}`, Role, { method: 'PUT', json: { permissions } });
}

export function deleteRole(api: Api, id: number): Promise<void> {
  return api.send(`/api/v1/roles/${id}`, { method: 'DELETE' });
}

export function listKeys(api: Api, signal: AbortSignal): Promise<Key[]> {
  return readPages(async (page) => (await api.getJson(`/api/v1/api-keys?${page}`, Keys, signal)).keys);
}

/** @returns the key, which is shown this once */
export async function addKey(
  api: Api,
  key: { name: string; scopes: readonly string[]; camera_ids: readonly number[] | 'all'; expires_at: string | null },
): Promise<string> {
  return (await api.sendJson('/api/v1/api-keys', NewKey, { method: 'POST', json: key })).key;
}

export function revokeKey(api: Api, id: string): Promise<void> {
  return api.send(`/api/v1/api-keys/${id}`, { method: 'DELETE' });
}

/** A page of the audit log, newest first, from 0. `action` undefined: all. */
export async function listAuditEntries(
  api: Api,
  { action, page }: { action: string | undefined; page: number },
  signal: AbortSignal,
): Promise<{ entries: Entry[]; pages: number }> {
  const query = new URLSearchParams({ skip: String(page * pageSize), limit: String(pageSize), ...(action !== undefined && { action }) });
  const { logs, total } = await api.getJson(`/api/v1/audit-logs/?${query}`, Entries, signal);
  return { entries: logs, pages: Math.ceil(total / pageSize) };
}

export function readPasswordPolicy(api: Api, signal: AbortSignal): Promise<PasswordPolicy> {
  return api.getJson('/api/v1/password-policy', PasswordPolicy, signal);
}

export function changePasswordPolicy(api: Api, change: Partial<PasswordPolicy>): Promise<PasswordPolicy> {
  return api.sendJson('/api/v1/password-policy', PasswordPolicy, { method: 'PUT', json: change });
}

/** All rows, page by page; ten thousand at most. */
async function readPages<Row>(read: (page: string) => Promise<Row[]>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page = 0; page < listPagesMax; page++) {
    const more = await read(`skip=${page * listPage}&limit=${listPage}`);
    rows.push(...more);
    if (more.length < listPage) break;
  }
  return rows;
}
