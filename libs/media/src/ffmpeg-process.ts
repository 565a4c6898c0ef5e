import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AppError, hasErrorCode, withoutCredentials } from '@nightjar/runtime';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { withLimits, type ProcessLimits } from './process-limits.js';

/** After SIGTERM FFmpeg gets this long to write its trailer; then it is killed. */
const graceMs = 2_000;
const stderrBytesDefault = 4_096;
/** With limits it is not Node that starts FFmpeg. */
const couldNotExecute = /^prlimit: /m;

export interface FfmpegRun {
  ffmpeg: FfmpegBinary;
  /** Constants of the caller and what `inputArguments` made. Nothing that a user wrote may stand here. */
  arguments: readonly string[];
  logLevel?: 'error' | 'warning' | 'info';
  /** Read ends beside stdout: 1 opens `pipe:3`, 2 opens `pipe:3` and `pipe:4`. */
  extraPipes?: number;
  /** FFmpeg reads `pipe:0` from `stdin`; else it has none. */
  withStdin?: boolean;
  /** How much of the end of stderr is kept. */
  stderrBytesMax?: number;
  /** Aborting it stops FFmpeg at once. */
  signal?: AbortSignal | undefined;
  /** Longest life of the process by the wall clock. */
  wallLimitMs?: number | undefined;
  /** What the operating system holds it to; absent: nothing. */
  limits?: ProcessLimits;
}

export interface FfmpegExit {
  /** 0 says only that FFmpeg ended in order: it is also what a camera that hangs up leaves behind. */
  code: number | null;
  killedBy: NodeJS.Signals | null;
  /** Why we stopped it, if we did. */
  stopped: 'signal' | 'wall_limit' | 'caller' | undefined;
  /** End of what FFmpeg said, without credentials. */
  stderrTail: string;
}

/** Process groups of ours that run: a crash of this process takes them with it. */
const runningGroups = new Set<number>();
let exitHookSet = false;

/**
 * One FFmpeg child in its own process group, which takes no commands from stdin. Everything that starts FFmpeg goes through here: no shell, bounded
 * stderr, limits of memory, CPU and wall time, and a stop that ends the whole group.
 */
export class FfmpegProcess {
  /** stdout, then the extra pipes. Whoever started the process must read or destroy each of them. */
  readonly pipes: readonly Readable[];
  /** What FFmpeg reads, with `withStdin`. Whoever writes bounds what waits in it. */
  readonly stdin: Writable | undefined;
  /** Settles when the process is gone and all its pipes are read to the end. Never rejects, except when FFmpeg can't be started. */
  readonly exited: Promise<FfmpegExit>;
  private readonly child: ChildProcess;
  private stopped: FfmpegExit['stopped'];
  private over = false;

  private constructor(child: ChildProcess, run: FfmpegRun & { limited: boolean }) {
    this.child = child;
    this.stdin = child.stdin ?? undefined;
    // A process that ended takes no more: that shows in `exited`.
    this.stdin?.on('error', () => undefined);
    this.pipes = child.stdio.flatMap((stream, index) => (index === 1 || index > 2 ? [stream as Readable] : []));
    const readTail = keepTail(child.stdio[2] as Readable, run.stderrBytesMax ?? stderrBytesDefault);
    this.exited = new Promise((resolve, reject) => {
      child.once('error', (cause) => {
        this.finish();
        reject(new AppError('unavailable', 'FFmpeg does not start', { cause }));
      });
      child.once('close', (code, killedBy) => {
        this.finish();
        if (run.limited && couldNotExecute.test(readTail())) return reject(new AppError('unavailable', 'FFmpeg does not start'));
        resolve({ code, killedBy, stopped: this.stopped, stderrTail: readTail() });
      });
    });
    // The caller may look at it later than it fails.
    this.exited.catch(() => undefined);
    // A reader that went away must not turn into an uncaught error.
    for (const pipe of this.pipes) pipe.on('error', () => undefined);
  }

  /**
   * Starts FFmpeg. A program that can't be started shows as a rejection of `exited`.
   * @throws AppError `unavailable` when this process has no file handle left to start one with
   */
  static start(run: FfmpegRun): FfmpegProcess {
    const extra = Array.from({ length: run.extraPipes ?? 0 }, () => 'pipe' as const);
    const ffmpegArguments = ['-hide_banner', '-nostdin', '-loglevel', run.logLevel ?? 'error', ...run.arguments];
    const { program, args, limited } = withLimits(run.ffmpeg.path, ffmpegArguments, run.limits);
    const child = spawn(program, args, {
      stdio: [run.withStdin === true ? 'pipe' : 'ignore', 'pipe', 'pipe', ...extra],
      detached: true,
    });
    if (!Array.isArray(child.stdio)) {
      // Node gives up before it makes the streams when there are no file handles left; the error event follows.
      child.once('error', () => undefined);
      throw new AppError('unavailable', 'FFmpeg does not start: too many open files', { retryAfterMs: 1_000 });
    }
    const ffmpeg = new FfmpegProcess(child, { ...run, limited });
    ffmpeg.guard(run);
    return ffmpeg;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Ends the process group: SIGTERM, SIGKILL after two seconds. Safe to call at any time, also twice. */
  async stop(): Promise<void> {
    this.terminate('caller');
    await this.exited.catch(() => undefined);
  }

  /** Asks FFmpeg to end and leaves its pipes open: what it has begun still comes out. Follow with `stop`, it may not listen. */
  endInOrder(): void {
    if (this.over) return;
    this.stopped ??= 'caller';
    killGroup(this.child.pid, 'SIGTERM');
  }

  private guard(run: FfmpegRun): void {
    const { pid } = this.child;
    if (pid !== undefined) {
      runningGroups.add(pid);
      setExitHook();
    }
    const onAbort = () => this.terminate('signal');
    const limit = run.wallLimitMs === undefined ? undefined : setTimeout(() => this.terminate('wall_limit'), run.wallLimitMs);
    if (run.signal?.aborted) onAbort();
    else run.signal?.addEventListener('abort', onAbort, { once: true });
    const release = () => {
      clearTimeout(limit);
      run.signal?.removeEventListener('abort', onAbort);
    };
    this.exited.then(release, release);
  }

  private terminate(why: NonNullable<FfmpegExit['stopped']>): void {
    if (this.over) return;
    this.stopped ??= why;
    killGroup(this.child.pid, 'SIGTERM');
    // FFmpeg may be blocked in a write to a paused pipe, where it sees no SIGTERM; a closed pipe lets it go.
    for (const pipe of this.pipes) pipe.destroy();
    this.stdin?.destroy();
    setTimeout(() => {
      if (!this.over) killGroup(this.child.pid, 'SIGKILL');
    }, graceMs).unref();
  }

  private finish(): void {
    this.over = true;
    if (this.child.pid !== undefined) runningGroups.delete(this.child.pid);
  }
}

function keepTail(stderr: Readable, bytesMax: number): () => string {
  let kept = '';
  let cut = false;
  stderr.setEncoding('utf8');
  stderr.on('data', (text: string) => {
    kept += text;
    if (kept.length <= bytesMax) return;
    kept = kept.slice(-bytesMax);
    cut = true;
  });
  // A line that was cut in two may begin inside a password, where it is no longer recognised as one.
  return () => withoutCredentials(cut ? kept.slice(kept.indexOf('\n') + 1) : kept).trim();
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!hasErrorCode(error, 'ESRCH')) throw error;
  }
}

function setExitHook(): void {
  if (exitHookSet) return;
  exitHookSet = true;
  process.once('exit', () => {
    for (const pid of runningGroups) killGroup(pid, 'SIGKILL');
  });
}
