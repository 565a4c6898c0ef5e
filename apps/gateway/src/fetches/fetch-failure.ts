import type { JobError } from '@nightjar/contracts';
import type { AppError } from '@nightjar/runtime';

/** Tries that bring nothing; one that gets further counts as the first. */
const fetchTriesMax = 5;
const pausesMs = [5_000, 30_000, 120_000, 600_000];

/** What follows a try that failed. */
type AfterFailure = { kind: 'give_up'; error: JobError } | { kind: 'try_again'; afterMs: number };

/**
 * Decides what follows. Only what the video itself is or is not stays as it is; whatever else went wrong may be gone later: a
 * name that is not known yet, a certificate that is renewed, a disk that was full.
 * @param tried how many tries in a row brought nothing, with this one
 * @param random 0..1, spreads the tries of many downloads over a tenth of the pause
 */
export function afterFailure(failure: AppError, { tried, random }: { tried: number; random: number }): AfterFailure {
  const isFinal = failure.code === 'unprocessable' || failure.code === 'payload_too_large';
  const pauseMs = pausesMs[tried - 1];
  if (isFinal || tried >= fetchTriesMax || pauseMs === undefined) return { kind: 'give_up', error: jobErrorOf(failure) };
  return { kind: 'try_again', afterMs: Math.round(pauseMs * (0.95 + random / 10)) };
}

/** Messages of ours name no address, no port and no words of a server. */
function jobErrorOf({ code, message }: AppError): JobError {
  return {
    code: 'download_failed',
    message: code === 'internal' ? 'the video could not be fetched' : `the video could not be fetched: ${message}`,
  };
}
