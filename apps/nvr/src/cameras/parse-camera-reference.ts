import { FramesName } from '@nightjar/contracts';
import { z } from 'zod';

/** How a caller names a camera. */
export type CameraReference = { kind: 'id'; id: number } | { kind: 'frames_name'; framesName: string };

/** The text of a camera's name in a query or a body; a number in JSON is its id. */
export const CameraReferenceText = z.union([z.string().min(1).max(100), z.number().int().transform(String)]);

/** Largest value of the id column. */
const idMax = 2_147_483_647;
const idForms = /^(?:cam-?)?([1-9]\d{0,9})$/;

/** First path segments beside `/cameras/{ref}` and `/recordings/{ref}`: a camera of such a name could not be reached. */
const reservedNames = new Set([
  'segments',
  'list',
  'files',
  'ticket',
  'stats',
  'status',
  'config',
  'storage',
  'retention',
  'protections',
  'schedule',
  'playback',
  'export',
  'frame',
  'flag',
  'orphans',
  'sessions-for-ai',
  'assignable-skills',
  'calendar',
  'thumbnails',
  'deleted',
  'by-ip',
  'discover',
  'profiles',
  'test-connection',
  'frames',
  'audio',
]);

/**
 * Reads the forms in which a camera may be named: `1`, `cam1`, `cam-1`, or its frames name.
 * @returns undefined when the text is none of them
 */
export function parseCameraReference(text: string): CameraReference | undefined {
  const digits = idForms.exec(text)?.[1];
  if (digits !== undefined) {
    const id = Number(digits);
    return id <= idMax ? { kind: 'id', id } : undefined;
  }
  return FramesName.safeParse(text).success ? { kind: 'frames_name', framesName: text } : undefined;
}

/** Why a frames name can't be chosen, or undefined. `camera_<number>` is what cameras get by themselves. */
export function problemWithFramesName(framesName: string): string | undefined {
  if (parseCameraReference(framesName)?.kind !== 'frames_name') return 'it reads like a camera id';
  if (/^camera_\d+$/.test(framesName)) return 'camera_<number> is given by the system';
  return reservedNames.has(framesName) ? 'this name is reserved' : undefined;
}
