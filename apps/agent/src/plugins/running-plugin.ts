import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { pause, type Logger } from '@nightjar/runtime';
import { PluginNotice, type MonitoringPoint, type PluginOrder, type PluginThreadData } from './plugin-messages.js';

/** Points that a plugin may be behind. Full: new ones are dropped for this plugin and counted. */
const pointsWaitingMax = 1_000;
/** A plugin that deals with nothing for so long hangs. */
const stuckMs = 30_000;
const stopMs = 2_000;
const heapMiBMax = 128;
const reasonCharactersMax = 500;

interface RunningPluginOptions {
  name: string;
  /** Compiled `plugin-thread.js`. */
  threadFile: URL;
  data: PluginThreadData;
  logger: Logger;
  stuckMs?: number;
  /** How long a plugin that was told to stop may take. */
  stopMs?: number;
}

/**
 * One plugin in its thread. It is disabled for good, and says why, when it throws, hangs, runs out of memory or ends its
 * thread: nothing of that touches the agent, and a restart of the agent gives it another chance.
 */
export class RunningPlugin {
  private readonly thread: Worker;
  private readonly exited: Promise<void>;
  private stuckTimer: NodeJS.Timeout | undefined;
  private waiting = 0;
  private droppedPoints = 0;
  private problem: string | undefined;
  private stopping = false;

  constructor(private readonly options: RunningPluginOptions) {
    this.thread = new Worker(options.threadFile, {
      workerData: options.data,
      // Settings and secrets of the agent are none of a plugin's business.
      env: {},
      argv: [],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMiBMax },
      stdout: true,
      stderr: true,
    });
    this.thread.stdout.resume();
    this.thread.stderr.resume();
    this.thread.on('message', (message: unknown) => this.take(message));
    this.thread.on('error', (thrown: unknown) => this.disable(reasonOf(thrown)));
    this.exited = new Promise((resolve) => {
      this.thread.once('exit', () => {
        if (!this.stopping) this.disable('its thread ended');
        clearTimeout(this.stuckTimer);
        resolve();
      });
    });
    this.watch();
  }

  /** Why it no longer runs; undefined while it does. */
  get disabledBecause(): string | undefined {
    return this.problem;
  }

  /** Points it did not get because it was too slow. */
  get dropped(): number {
    return this.droppedPoints;
  }

  /** Nothing for a plugin of the background. */
  offer(point: MonitoringPoint): void {
    if (this.options.data.type !== 'event' || this.problem !== undefined || this.stopping) return;
    if (this.waiting >= pointsWaitingMax) {
      this.droppedPoints++;
      return;
    }
    if (this.waiting++ === 0) this.watch();
    this.send({ kind: 'point', point });
  }

  /** Lets it deal with what it has for a moment, then ends its thread. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.send({ kind: 'stop' });
    const hasExited = new AbortController();
    void this.exited.then(() => hasExited.abort());
    await pause(this.options.stopMs ?? stopMs, hasExited.signal);
    await this.thread.terminate();
    await this.exited;
  }

  private send(order: PluginOrder): void {
    this.thread.postMessage(order);
  }

  /** A plugin reaches the thread's port too, and may post anything there. */
  private take(message: unknown): void {
    const { logger, name, data } = this.options;
    const { data: notice } = PluginNotice.safeParse(message);
    if (!notice) return this.disable('it posted a message that its thread does not know');
    switch (notice.kind) {
      case 'ready':
        logger.info('plugin runs', { plugin: name, type: data.type });
        return this.watch();
      case 'done':
        this.waiting = Math.max(0, this.waiting - 1);
        return this.watch();
      case 'ended':
        if (!this.stopping) this.disable('it returned');
        return;
      case 'failed':
        return this.disable(notice.reason);
      case 'log':
        logger.info('plugin says', { plugin: name, said: notice.message.slice(0, 1_000), fields: notice.fields });
    }
  }

  /** Restarts the clock of the plugin's next sign of life; a plugin that has nothing to do, and one of the background, owe none. */
  private watch(): void {
    clearTimeout(this.stuckTimer);
    if (this.waiting === 0 || this.problem !== undefined) return;
    const ms = this.options.stuckMs ?? stuckMs;
    this.stuckTimer = setTimeout(() => this.disable(`it dealt with nothing for ${Math.round(ms / 1_000)} s`), ms);
    this.stuckTimer.unref();
  }

  private disable(reason: string): void {
    if (this.problem !== undefined || this.stopping) return;
    this.problem = reason;
    clearTimeout(this.stuckTimer);
    this.options.logger.error('plugin disabled', { plugin: this.options.name, reason });
    void this.thread.terminate();
  }
}

/** What a plugin threw, which need be no error: a thrown `null` too, and objects that refuse to become text. */
function reasonOf(thrown: unknown): string {
  const { name, message } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as { name?: unknown; message?: unknown };
  if (typeof message !== 'string') return textOf(thrown).slice(0, reasonCharactersMax);
  return `${typeof name === 'string' ? name : 'Error'}: ${message}`.slice(0, reasonCharactersMax);
}

function textOf(thrown: unknown): string {
  try {
    return `it threw ${inspect(thrown)}`;
  } catch {
    return 'it threw something without a text';
  }
}
