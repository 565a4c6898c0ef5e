import type { Principal } from '@nightjar/auth';
import type { Prisma } from '@nightjar/database';

/** Which cameras somebody may see; it holds for their pictures, recordings, events and overlays too. */
export type CameraScope =
  { kind: 'all' } | { kind: 'of_user'; userId: number } | { kind: 'of_key'; cameraIds: readonly number[] } | { kind: 'none' };

export function cameraScopeOf(principal: Principal): CameraScope {
  switch (principal.kind) {
    case 'user':
      return principal.isSuperuser ? { kind: 'all' } : { kind: 'of_user', userId: principal.userId };
    case 'api_key':
      return principal.cameraIds === 'all' ? { kind: 'all' } : { kind: 'of_key', cameraIds: principal.cameraIds ?? [] };
    case 'service':
      return { kind: 'none' };
  }
}

/** The scope as a filter of camera rows: a user sees what is his own and what was granted to him. Deleted ones are never seen. */
export function visibleCameras(scope: CameraScope): Prisma.CameraWhereInput {
  switch (scope.kind) {
    case 'all':
      return { deletedAt: null };
    case 'of_user':
      return { deletedAt: null, OR: [{ ownerId: scope.userId }, { grants: { some: { userId: scope.userId } } }] };
    case 'of_key':
      return { deletedAt: null, id: { in: [...scope.cameraIds] } };
    case 'none':
      return { deletedAt: null, id: -1 };
  }
}
