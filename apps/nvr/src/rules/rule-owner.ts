import { scopes } from '../keys/api-keys.js';
import { scopesOfRole } from '../roles/permissions.js';

/** What a statement reads of the owner of a rule. */
export interface RuleOwner {
  is_superuser: boolean;
  role_id: number;
  permissions: string[];
}

/** Whether the owner's role lets him read events at all; his cameras are asked for in the statement. */
export function mayReadEvents({ is_superuser: isSuperuser, permissions, role_id: id }: RuleOwner): boolean {
  return isSuperuser || scopesOfRole({ id, permissions }).includes(scopes.readEvents);
}
