/** What is known of an engine process when it is looked at. All times on the monotonic clock. */
export interface ProcessSigns {
  readonly nowMs: number;
  /** When it was started, while it has not said that it is ready. */
  readonly startingSinceMs: number | undefined;
  /** When it last said anything. */
  readonly heardMs: number;
  /** Since when it loads a model, which may block it. */
  readonly loadingSinceMs: number | undefined;
  /** When the first of its requests ought to have ended; Infinity when it has none. */
  readonly firstDeadlineMs: number;
}

interface HangLimits {
  /** Silence, and time beyond a request's deadline, that a process is allowed. */
  readonly hangMs: number;
  /** Time that a start or the loading of a model may take. */
  readonly startTimeoutMs: number;
}

/**
 * Whether a process hangs, in words for the log; undefined while it does not. A process tells every second that it lives, unless
 * a native call blocks it, which can't be interrupted: after `hangMs` of silence it is given up. So is one whose request has
 * overstayed its own deadline by `hangMs`, however lively it is. Loading a model counts by itself: the request that asked for it
 * has no say in how long that takes, and the next one gains by it.
 */
export function describeHang(signs: ProcessSigns, { hangMs, startTimeoutMs }: HangLimits): string | undefined {
  const { nowMs, startingSinceMs, heardMs, loadingSinceMs, firstDeadlineMs } = signs;
  if (startingSinceMs !== undefined) return nowMs - startingSinceMs > startTimeoutMs ? 'it did not start in time' : undefined;
  if (loadingSinceMs !== undefined) return nowMs - loadingSinceMs > startTimeoutMs ? 'it did not load a model in time' : undefined;
  if (nowMs - heardMs > hangMs) return 'it is silent';
  if (nowMs - firstDeadlineMs > hangMs) return 'a request overstayed its deadline';
  return undefined;
}
