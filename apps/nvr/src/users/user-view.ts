import type { User } from './users.store.js';

/** A user on the wire, as OpenNVR's clients read it. */
export interface UserView {
  id: number;
  username: string;
  email: string | null;
  first_name: string | null;
  last_name: string | null;
  is_active: boolean;
  role_id: number;
  role_name: string;
  is_superuser: boolean;
  password_set: boolean;
  mfa_enabled: boolean;
  created_at: string;
  updated_at: string;
}

export function userView(user: User): UserView {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    first_name: user.firstName,
    last_name: user.lastName,
    is_active: user.isActive,
    role_id: user.role.id,
    role_name: user.role.name,
    is_superuser: user.isSuperuser,
    password_set: true,
    mfa_enabled: user.totpEnabledAt !== null,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}
