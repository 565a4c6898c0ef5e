import type { User } from './users.store.js';

/** Ids of the roles that everybody has; OpenNVR's clients send and read them. */
export const roles = [
  { id: 1, name: 'admin', description: 'Everything' },
  { id: 3, name: 'viewer', description: 'Cameras of their own and those granted to them: pictures, recordings, events' },
] as const;
export type RoleId = (typeof roles)[number]['id'];

/** A user on the wire, as OpenNVR's clients read it. */
export interface UserView {
  id: number;
  username: string;
  email: string | null;
  first_name: string | null;
  last_name: string | null;
  is_active: boolean;
  role_id: RoleId;
  role_name: (typeof roles)[number]['name'];
  is_superuser: boolean;
  password_set: boolean;
  mfa_enabled: boolean;
  created_at: string;
  updated_at: string;
}

export function userView(user: User): UserView {
  const role = roles.find(({ name }) => name === (user.isSuperuser ? 'admin' : 'viewer'))!;
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    is_active: user.isActive,
    role_id: role.id,
    role_name: role.name,
    is_superuser: user.isSuperuser,
    password_set: true,
    mfa_enabled: user.totpEnabledAt !== null,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}
