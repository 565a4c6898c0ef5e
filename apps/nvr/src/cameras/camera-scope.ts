import type { Principal } from '@nightjar/auth';

/** Which cameras somebody may see; it holds for their pictures, recordings, events and overlays too. */
export type CameraScope = { kind: 'all' } | { kind: 'owned_by'; userId: number } | { kind: 'none' };

export function cameraScopeOf(principal: Principal): CameraScope {
  if (principal.kind !== 'user') return { kind: 'none' };
  return principal.isSuperuser ? { kind: 'all' } : { kind: 'owned_by', userId: principal.userId };
}

/** The scope as a filter of camera rows; deleted ones are never seen. */
export function visibleCameras(scope: CameraScope): { deletedAt: null; ownerId?: number; id?: number } {
  switch (scope.kind) {
    case 'all':
      return { deletedAt: null };
    case 'owned_by':
      return { deletedAt: null, ownerId: scope.userId };
    case 'none':
      return { deletedAt: null, id: -1 };
  }
}
