import { describe, expect, it } from '@jest/globals';
import type { Principal } from '@nightjar/auth';
import { scopes } from '../keys/api-keys.js';
import { managedScopeOf, managesStream, streamScopeOf } from './stream-scope.js';

const accountId = '00000000-0000-4000-8000-000000000001';
const user = (more: { isSuperuser?: boolean; scopes?: readonly string[] } = {}): Principal => ({
  ...{ kind: 'user', userId: 7, username: 'ines', tenantId: 1, isSuperuser: false },
  ...more,
});
const key = (cameraIds: readonly number[] | 'all' | undefined, ...held: string[]): Principal => ({
  ...{ kind: 'api_key', keyId: 'k', tenantId: 1, scopes: held },
  ...(cameraIds !== undefined && { cameraIds }),
});
const none = { kind: 'none' } as const;
const all = { kind: 'all' } as const;
const ofUser = { kind: 'of_user', userId: 7 } as const;
const ofKey = { kind: 'of_key', cameraIds: [2] } as const;

describe('the streams of an account', () => {
  it.each([
    ['an admin', user({ isSuperuser: true }), [all, true], [all, true]],
    ['a user who may look', user({ scopes: [scopes.readCameras] }), [ofUser, false], [none, false]],
    ['a user who manages streams', user({ scopes: [scopes.readCameras, scopes.manageStreams] }), [ofUser, true], [ofUser, true]],
    ['a key for all cameras', key('all', scopes.readCameras), [all, true], [none, false]],
    ['a key for all cameras that manages streams', key('all', scopes.manageStreams), [all, true], [none, true]],
    ['a key for one camera', key([2], scopes.readCameras), [ofKey, false], [none, false]],
    ['a key for one camera that manages streams', key([2], scopes.manageStreams), [ofKey, false], [none, false]],
    ['a key for no camera', key(undefined, scopes.manageStreams), [{ ...ofKey, cameraIds: [] }, false], [none, false]],
  ] as const)('are seen and changed by %s as far as that one may', (_who, principal, [cameras, withOthers], [managed, managesOthers]) => {
    const caller = { accountId, principal };
    expect(streamScopeOf(caller)).toEqual({ accountId, cameras, withOthers });
    expect(managedScopeOf(caller)).toEqual({ accountId, cameras: managed, withOthers: managesOthers });
    // One that is seen shows its callbacks just to who may send them back.
    if (withOthers) expect(managesStream(principal, { cameraId: null })).toBe(managesOthers);
    expect(managesStream(principal, { cameraId: 2 })).toBe(managed.kind !== 'none');
  });
});
