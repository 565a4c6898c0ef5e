import { readFileSync } from 'node:fs';

/**
 * Why an engine process ended without being asked to. `crashed`: by itself. `hung`: we ended it, because it told nothing for too long
 * or a run overstayed. `out of memory`: the kernel or its own allocator. `killed`: by somebody else's signal. `could not start`: it
 * said so itself.
 */
export type ExitReason = 'crashed' | 'hung' | 'out of memory' | 'killed' | 'could not start';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ExitClues {
  /** We killed it for hanging. */
  readonly hung: boolean;
  readonly startFailed: boolean;
  /** It wrote that an allocation failed. */
  readonly saidOutOfMemory: boolean;
  /** The kernel killed processes for want of memory since this one started. */
  readonly kernelRanOut: boolean;
}

/** Signals that a process raises against itself: failed assertions, bad memory accesses. */
const ownSignals: ReadonlySet<string> = new Set(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS']);

export function reasonOf({ signal }: ProcessExit, { hung, startFailed, saidOutOfMemory, kernelRanOut }: ExitClues): ExitReason {
  if (hung) return 'hung';
  if (startFailed) return 'could not start';
  if (saidOutOfMemory || (signal === 'SIGKILL' && kernelRanOut)) return 'out of memory';
  return signal === null || ownSignals.has(signal) ? 'crashed' : 'killed';
}

/** What V8, C++ and CUDA write before they give up. */
export function tellsOutOfMemory(text: string): boolean {
  return /out of memory|bad_alloc|cannot allocate memory/i.test(text);
}

/** The container's own counter first; the machine's counts other containers' processes too. */
const counterFiles = ['/sys/fs/cgroup/memory.events', '/sys/fs/cgroup/memory/memory.oom_control', '/proc/vmstat'];

/** How many processes the kernel has killed for want of memory so far; undefined where it does not tell. */
export function countKernelKills(files: readonly string[] = counterFiles): number | undefined {
  for (const file of files) {
    try {
      const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8')) ?? [];
      if (count !== undefined) return Number(count);
    } catch {
      // Not this kernel's or container's way to tell.
    }
  }
  return undefined;
}
