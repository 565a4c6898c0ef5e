import { scopes } from '../keys/api-keys.js';

/** What users may do beyond reading; keys don't. */
export const manageScopes = {
  /** Cameras of their own, and those granted for it: their settings, their movement. */
  manageCameras: 'cameras:manage',
  /** Protects recordings. */
  manageRecordings: 'recordings:manage',
  /** Rules that tell others of events. */
  manageRules: 'rules:manage',
  readAudit: 'audit:read',
} as const;

/** What a role may hold, by OpenNVR's names, and the scopes of routes that it opens. */
const scopesOfPermission = {
  'cameras.view': [scopes.readCameras],
  'cameras.manage': [scopes.readCameras, manageScopes.manageCameras, scopes.manageStreams],
  'recordings.view': [scopes.readRecordings],
  'recordings.manage': [scopes.readRecordings, manageScopes.manageRecordings],
  'alerts.view': [scopes.readEvents],
  'alerts.manage': [scopes.readEvents, manageScopes.manageRules],
  'ai.view': [scopes.runInference],
  'audit.view': [manageScopes.readAudit],
} as const;

export type Permission = keyof typeof scopesOfPermission;
export const permissionNames = Object.keys(scopesOfPermission) as Permission[];

/** Roles that are always there; OpenNVR's clients send and read their ids. */
export const adminRoleId = 1;
export const viewerRoleId = 3;

/** A role as the database holds it. */
export interface Role {
  id: number;
  name: string;
  description: string;
  permissions: readonly string[];
  isBuiltin: boolean;
  createdAt: Date;
  updatedAt: Date;
}

/** Scopes that a role opens. A name that is not known (of a later release) opens none. */
export function scopesOfRole({ id, permissions }: Pick<Role, 'id' | 'permissions'>): string[] {
  const held = id === adminRoleId ? permissionNames : permissionNames.filter((name) => permissions.includes(name));
  return [...new Set(held.flatMap((name) => scopesOfPermission[name] as readonly string[]))];
}

/** Whether a role lets its users change something for others, or look into what they did. */
export function isPrivileged({ id, permissions }: Pick<Role, 'id' | 'permissions'>): boolean {
  return id === adminRoleId || permissions.some((name) => name.endsWith('.manage') || name === 'audit.view');
}
