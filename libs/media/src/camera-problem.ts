import type { Socket } from 'node:net';
import { AppError, hasErrorCode } from '@nightjar/runtime';

/** Why a camera is not had, in words for a person. It may be another time: the caller tries again. */
export function problem(message: string, cause?: unknown): AppError {
  return new AppError('unavailable', message, { cause, retryAfterMs: 1_000 });
}

/** Somebody is there, but TLS does not come about: most often the port is the one for `rtsp://`. */
export const notEncrypted = 'the camera does not speak rtsps at this address and port';

/** Also where it was given neither: it asks for them, so it speaks RTSP. */
export const credentialsRefused = 'the camera refuses the user name or the password';

/** What the error of a socket to a camera means, in words for a person. */
export function reasonOf(error: unknown, camera: Socket | undefined): string {
  if (hasErrorCode(error, 'ECONNREFUSED')) return 'nobody listens at the address of the camera';
  if (hasErrorCode(error, 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EHOSTDOWN')) return 'the camera is not reached';
  // Of a TLS socket, which the types of Node do not know; true between the connection and the end of the handshake.
  if ((camera as { secureConnecting?: boolean } | undefined)?.secureConnecting === true) return notEncrypted;
  if (hasErrorCode(error, 'ECONNRESET', 'EPIPE')) return 'the camera cut the connection';
  return 'the connection to the camera failed';
}
