import { allows, type Principal } from '@nightjar/auth';
import { cameraScopeOf, type CameraScope } from '../cameras/camera-scope.js';
import { scopes } from '../keys/api-keys.js';

/** What opens the routes that change streams. */
export const manageStreams = { kind: 'authenticated', scope: scopes.manageStreams } as const;

/** Which streams of an account somebody may see. */
export interface StreamScope {
  accountId: string;
  /** Of those that are cameras. */
  cameras: CameraScope;
  /** Also those that are none. Any of them may be at the address of a camera which its reader is not to see. */
  withOthers: boolean;
}

/** All streams of an account, for the system itself. */
export function allStreamsOf(accountId: string): StreamScope {
  return { accountId, cameras: { kind: 'all' }, withOthers: true };
}

/** What a caller sees: streams that are no cameras are for who sees every camera, and for users who manage streams. */
export function streamScopeOf({ accountId, principal }: { accountId: string; principal: Principal }): StreamScope {
  const cameras = cameraScopeOf(principal);
  const managesAsUser = principal.kind === 'user' && allows(manageStreams, principal);
  return { accountId, cameras, withOthers: cameras.kind === 'all' || managesAsUser };
}

/** What a caller may change of it. */
export function managedScopeOf(caller: { accountId: string; principal: Principal }): StreamScope {
  const seen = streamScopeOf(caller);
  if (!allows(manageStreams, caller.principal)) return { ...seen, cameras: { kind: 'none' }, withOthers: false };
  return changesCameras(caller.principal) ? seen : { ...seen, cameras: { kind: 'none' } };
}

/** Whether somebody who sees a stream may also change it. */
export function managesStream(principal: Principal, { cameraId }: { cameraId: number | null }): boolean {
  return allows(manageStreams, principal) && (cameraId === null || changesCameras(principal));
}

/** The role that opens `manageStreams` opens all cameras that its users see; keys change none. */
function changesCameras(principal: Principal): boolean {
  return principal.kind === 'user';
}
