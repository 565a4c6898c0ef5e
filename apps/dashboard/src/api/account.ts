import { z } from 'zod';
import { Token, type Api } from '../api.js';

const Profile = z.object({
  id: z.number(),
  username: z.string(),
  role_name: z.string(),
  is_superuser: z.boolean(),
  mfa_enabled: z.boolean(),
});
export type Profile = z.infer<typeof Profile>;
const Permissions = z.object({ permissions: z.array(z.string()), is_superuser: z.boolean() });
const NewSecret = z.object({ secret: z.string(), otpauth_url: z.string() });
export type NewSecret = z.infer<typeof NewSecret>;
const RecoveryCodes = z.object({ recovery_codes: z.array(z.string()) });

/** Answered also to who has to set up a second factor first. */
export function readProfile(api: Api, signal: AbortSignal): Promise<Profile> {
  return api.getJson('/api/v1/auth/me', Profile, signal);
}

/** What the caller's role holds. @throws ApiError with the reason `mfa_setup_required` */
export async function readPermissions(api: Api, signal: AbortSignal): Promise<ReadonlySet<string>> {
  return new Set((await api.getJson('/api/v1/users/me/permissions', Permissions, signal)).permissions);
}

/** Every other session of the user ends; this one goes on. */
export async function changePassword(api: Api, currentPassword: string, newPassword: string): Promise<void> {
  const json = { current_password: currentPassword, new_password: newPassword };
  api.useToken((await api.sendJson('/api/v1/auth/change-password', Token, { method: 'POST', json })).access_token);
}

/** A new secret, shown this once. */
export function beginSecondFactor(api: Api): Promise<NewSecret> {
  return api.sendJson('/api/v1/auth/mfa/setup', NewSecret, { method: 'POST' });
}

/** Switches the second factor on. @returns recovery codes, shown this once */
export async function enableSecondFactor(api: Api, code: string): Promise<string[]> {
  return (await api.sendJson('/api/v1/auth/mfa/verify', RecoveryCodes, { method: 'POST', json: { code } })).recovery_codes;
}

/** Recovery codes in the place of those before. */
export async function renewRecoveryCodes(api: Api, code: string): Promise<string[]> {
  return (await api.sendJson('/api/v1/auth/mfa/recovery-codes', RecoveryCodes, { method: 'POST', json: { code } })).recovery_codes;
}

export function disableSecondFactor(api: Api, code: string): Promise<void> {
  return api.send('/api/v1/auth/mfa/disable', { method: 'POST', json: { code } });
}
