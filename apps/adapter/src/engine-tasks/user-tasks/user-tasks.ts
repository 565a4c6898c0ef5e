import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '@nightjar/runtime/app-error';
import { hasErrorCode } from '@nightjar/runtime/error-code';
import type { Logger } from '@nightjar/runtime/logger';
import { z } from 'zod';
import type { UserTaskStatus } from '../../engine/protocol.js';
import { openContained, readContained } from '../../models/contained-file.js';
import type { StepContext } from '../engine-task.js';
import { TaskManifest } from './task-manifest.js';
import { toolsFor, type UserTaskFunction } from './user-task-tools.js';

const manifestName = 'task.json';
const maxManifestBytes = 256 * 1024;
/** Folders that are looked into; more are a mistake, such as the wrong folder. */
const maxTasks = 200;

interface FoundTask {
  readonly folder: string;
  readonly manifest: TaskManifest | undefined;
  readonly run: UserTaskFunction | undefined;
  /** Changes with the module's file: then it is loaded again. */
  readonly signature: string;
  readonly problem: string | undefined;
}

/**
 * Tasks that the operator dropped into a folder: `<name>/task.json` and the module it names. The code is the operator's and runs in
 * this process with its rights; what callers send reaches it only as its manifest allows.
 */
export class UserTasks {
  private tasks: readonly FoundTask[] = [];

  constructor(
    private readonly tasksDir: string | undefined,
    private readonly logger: Logger,
  ) {}

  /** Looks at the folder again. What is wrong with one task is noted there; the others are offered. */
  async rescan(): Promise<void> {
    const found: FoundTask[] = [];
    for (const name of await this.folders()) found.push(await this.read(name));
    this.tasks = found;
  }

  list(): UserTaskStatus[] {
    return this.tasks.map(({ folder, manifest, problem }) => ({
      name: manifest?.name ?? path.basename(folder),
      version: manifest?.version ?? '',
      description: manifest?.description ?? '',
      needs: manifest?.needs ?? [],
      input: manifest?.input ?? {},
      output: manifest?.output ?? {},
      example: manifest?.example ?? { input: {}, body: {} },
      problem,
    }));
  }

  /**
   * Runs a task on the step's picture.
   * @throws AppError `not_found`, `invalid_argument` (the task refused the input), `model_error` (it failed, or answered otherwise
   * than its manifest says)
   */
  async run(context: StepContext, name: string, input: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    const task = this.tasks.find(({ manifest, problem }) => manifest?.name === name && problem === undefined);
    if (!task?.run || !task.manifest) throw new AppError('not_found', `there is no task "${name}"`);
    const { tools, isRefusal } = toolsFor(context, input);
    let answer: unknown;
    try {
      answer = await task.run(tools);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const text = cause instanceof Error ? cause.message.slice(0, 300) : 'it threw something that is no Error';
      if (isRefusal(cause)) throw new AppError('invalid_argument', text, { cause });
      this.logger.error('a task of the tasks folder failed', { task: name, error: cause });
      throw new AppError('model_error', `task "${name}" failed`, { cause });
    }
    return checkAnswer(task.manifest, answer);
  }

  private async folders(): Promise<string[]> {
    if (this.tasksDir === undefined) return [];
    try {
      const entries = await readdir(this.tasksDir, { withFileTypes: true });
      const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
      return names.sort().slice(0, maxTasks);
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) this.logger.warn('the tasks folder cannot be read', { error });
      return [];
    }
  }

  private async read(name: string): Promise<FoundTask> {
    const folder = path.join(this.tasksDir!, name);
    let manifest: TaskManifest | undefined;
    try {
      manifest = await readTaskManifest(await realpath(folder));
      return { folder, manifest, ...(await this.loadModule(await realpath(folder), manifest)), problem: undefined };
    } catch (error) {
      const problem = error instanceof AppError ? error.message : 'it cannot be read';
      this.logger.warn('a task of the tasks folder cannot be used', { task: name, error });
      return { folder, manifest, run: undefined, signature: '', problem };
    }
  }

  private async loadModule(folder: string, manifest: TaskManifest): Promise<Pick<FoundTask, 'run' | 'signature'>> {
    const { handle, realPath, signature } = await openContained(folder, manifest.module);
    await handle.close();
    const known = this.tasks.find((task) => task.manifest?.name === manifest.name && task.signature === signature && task.run);
    if (known) return { run: known.run, signature };
    const url = pathToFileURL(realPath);
    // Modules are remembered by their address for ever: one that changed needs another.
    url.searchParams.set('signature', signature);
    const loaded = (await import(url.href).catch((cause: unknown) => {
      throw new AppError('invalid_argument', `${manifest.module} cannot be loaded: ${reasonOf(cause, folder)}`, { cause });
    })) as { default?: unknown };
    if (typeof loaded.default !== 'function')
      throw new AppError('invalid_argument', `${manifest.module} has no function as its default export`);
    return { run: loaded.default as UserTaskFunction, signature };
  }
}

async function readTaskManifest(folder: string): Promise<TaskManifest> {
  const text = await readContained(folder, manifestName, maxManifestBytes);
  let json: unknown;
  try {
    json = JSON.parse(text.toString());
  } catch (cause) {
    throw new AppError('invalid_argument', `${manifestName} is no JSON`, { cause });
  }
  const read = TaskManifest.safeParse(json);
  if (!read.success) throw new AppError('invalid_argument', `${manifestName}: ${z.prettifyError(read.error)}`, { cause: read.error });
  return read.data;
}

function checkAnswer({ name, output }: TaskManifest, answer: unknown): Readonly<Record<string, unknown>> {
  const read = z.fromJSONSchema(output).safeParse(answer);
  if (!read.success) {
    throw new AppError('model_error', `task "${name}" answered otherwise than its manifest says: ${z.prettifyError(read.error)}`);
  }
  return read.data as Readonly<Record<string, unknown>>;
}

function reasonOf(cause: unknown, folder: string): string {
  return cause instanceof Error ? cause.message.replaceAll(folder, '<folder>').slice(0, 300) : 'unknown reason';
}
