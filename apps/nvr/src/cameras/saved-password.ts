import { isEncrypted } from './camera-connections.js';
import type { Camera } from './cameras.store.js';

/** Where a camera's password is sent. */
export type PasswordTargets = Pick<Camera, 'rtspUrl' | 'substreamUrl' | 'onvifUrl'>;

/** Said where a saved password would go somewhere else than it was saved for. */
export const typeAgain = 'must be typed again: the saved password goes to the saved address of the camera only';

/**
 * Whether a saved password may be sent to an address that was not saved with it: nowhere but to a host of the camera, and not unencrypted
 * where it was encrypted. Else whoever may change an address could send the password to himself and read it there.
 * @param purpose by ONVIF a digest is sent, and never the password; a stream may ask for the password itself
 */
export function mayHavePassword(url: string, saved: PasswordTargets, purpose: 'stream' | 'onvif' = 'stream'): boolean {
  const hosts = [saved.rtspUrl, saved.substreamUrl, saved.onvifUrl].flatMap((known) => (known === null ? [] : [hostOf(known)]));
  if (!hosts.includes(hostOf(url))) return false;
  return isEncrypted(url) || !isEncrypted(saved.rtspUrl) || purpose === 'onvif';
}

function hostOf(url: string): string {
  return new URL(url).hostname.toLowerCase();
}
