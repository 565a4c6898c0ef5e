import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from '@nightjar/runtime';
import { engineEnvironment } from '../config.js';
import { countKernelKills, reasonOf, tellsOutOfMemory, type ExitReason, type ProcessExit } from './exit-reason.js';
import type { EngineCommand, EngineReport } from './protocol.js';

/**
 * How glibc allocates in an engine process. Left alone it keeps what big buffers leave behind in many arenas; told so, it gives them
 * back to the system: a third less memory while it works, and an unloaded model's memory really returns. Pixels and outputs of one
 * picture (up to 1 MiB) are taken from the heap all the same: fresh pages for each cost a tenth of the picture's time. Other C
 * libraries don't know these names.
 */
const allocatorSettings = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: String(8 * 1024 ** 2),
  MALLOC_MMAP_THRESHOLD_: String(1024 ** 2),
};

/**
 * A process that unloads a model collects garbage at once. The collector's own threads would only take turns with other engine
 * processes on the cores: one thread collects the same in less processor time.
 */
const nodeFlags = ['--expose-gc', '--single-threaded-gc'];

const lastWordsMs = 500;

export interface EngineExit extends ProcessExit {
  readonly reason: ExitReason;
}

interface EngineChildOptions {
  /** Module that the process runs. */
  readonly entry: URL;
  readonly logger: Logger;
  readonly onReport: (report: EngineReport) => void;
  /** Called once, whatever ended it. */
  readonly onExit: (exit: EngineExit) => void;
}

/** One engine process, from its start to its end: carries messages, and finds out why it ended. */
export class EngineChild {
  private readonly child: ChildProcess;
  private readonly kernelKillsBefore = countKernelKills();
  private hung = false;
  private startFailed = false;
  private saidOutOfMemory = false;
  private ended = false;
  private lastWords: NodeJS.Timeout | undefined;

  constructor(private readonly options: EngineChildOptions) {
    const { entry, logger, onReport } = options;
    this.child = fork(entry, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      execArgv: nodeFlags,
      env: { ...allocatorSettings, ...engineEnvironment() },
    });
    this.child.stderr?.on('data', (text: Buffer) => {
      process.stderr.write(text);
      this.saidOutOfMemory ||= tellsOutOfMemory(text.toString('latin1'));
    });
    this.child.on('message', (report: EngineReport) => {
      if (report.type === 'start_failed') this.startFailed = true;
      onReport(report);
    });
    this.child.once('error', (error) => {
      logger.error('an engine process cannot be reached', { error });
      this.child.kill('SIGKILL');
      // Without a pid it never ran, and there will be no exit.
      if (this.child.pid === undefined) this.end({ code: null, signal: null });
    });
    // Its last words may come after its exit, but not long after.
    this.child.once('exit', (code, signal) => {
      if (!this.ended) this.lastWords = setTimeout(() => this.end({ code, signal }), lastWordsMs);
    });
    this.child.once('close', (code, signal) => this.end({ code, signal }));
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  send(command: EngineCommand): void {
    // A channel that is closed already is no news: the exit that follows settles everything.
    this.child.send(command, () => undefined);
  }

  /** A native call can't be interrupted: a process that hangs is killed. */
  killAsHung(): void {
    this.hung = true;
    this.child.kill('SIGKILL');
  }

  /** Asks it to end, kills it when the deadline passes. Resolves when it is gone. */
  async stop(deadline: AbortSignal): Promise<void> {
    if (this.ended || this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.send({ type: 'stop' });
    const kill = () => this.child.kill('SIGKILL');
    if (deadline.aborted) kill();
    deadline.addEventListener('abort', kill, { once: true });
    await exited;
    deadline.removeEventListener('abort', kill);
  }

  private end(exit: ProcessExit): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.lastWords);
    const { hung, startFailed, saidOutOfMemory } = this;
    const kernelRanOut = (countKernelKills() ?? 0) > (this.kernelKillsBefore ?? 0);
    this.options.onExit({ ...exit, reason: reasonOf(exit, { hung, startFailed, saidOutOfMemory, kernelRanOut }) });
  }
}
