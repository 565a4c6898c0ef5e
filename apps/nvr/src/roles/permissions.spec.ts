import { describe, expect, it } from '@jest/globals';
import { isPrivileged, permissionNames, scopesOfRole } from './permissions.js';

describe('a role', () => {
  it('opens what its permissions name, once', () => {
    expect(scopesOfRole({ id: 100, permissions: ['cameras.view', 'cameras.manage'] })).toEqual([
      'cameras:read',
      'cameras:manage',
      'streams:manage',
    ]);
  });

  it('opens nothing by a name that nobody knows', () => {
    for (const name of ['everything', '__proto__', 'constructor', '']) expect(scopesOfRole({ id: 100, permissions: [name] })).toEqual([]);
  });

  it('of admins opens everything, whatever its row says', () => {
    expect(scopesOfRole({ id: 1, permissions: [] })).toEqual(scopesOfRole({ id: 100, permissions: permissionNames }));
  });

  it('is privileged when it does more than look', () => {
    expect(isPrivileged({ id: 3, permissions: ['cameras.view', 'recordings.view', 'alerts.view'] })).toBe(false);
    expect(isPrivileged({ id: 1, permissions: [] })).toBe(true);
    for (const name of ['cameras.manage', 'audit.view']) expect(isPrivileged({ id: 100, permissions: [name] })).toBe(true);
  });
});
