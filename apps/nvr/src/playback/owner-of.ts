import type { Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';

/** Whose a playback session or an export is, as its row says. @throws AppError `permission_denied` for who is neither user nor key */
export function ownerOf(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
      return `user:${principal.userId}`;
    case 'api_key':
      return `key:${principal.keyId}`;
    case 'service':
      throw new AppError('permission_denied', 'only users and API keys may do this');
  }
}
