import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { AppError } from '@nightjar/runtime';
import type { Terminal } from '../terminal/terminal.js';
import { chooseRemedy } from './choose-remedy.js';

interface ObtainFfmpegOptions {
  readonly configuredPath: string | undefined;
  readonly aptRefused: boolean;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/**
 * Finds FFmpeg; where there is none, installs the distribution's package (asking first when somebody can answer).
 * @throws AppError `unavailable` with the command to run when neither is possible
 */
export async function obtainFfmpeg({ configuredPath, aptRefused, terminal, signal }: ObtainFfmpegOptions): Promise<FfmpegBinary> {
  const found = await findFfmpeg({ configuredPath });
  if (found) return found;
  const remedy = chooseRemedy({
    platform: process.platform,
    osRelease: await readFile('/etc/os-release', 'utf8').catch(() => ''),
    isRoot: process.getuid?.() === 0,
    isTerminal: process.stdin.isTTY && process.stdout.isTTY,
    aptRefused,
  });
  if (remedy.kind === 'explain') throw missing(remedy.command);
  const commandLine = remedy.command.join(' ');
  if (remedy.kind === 'ask' && !(await isAgreed(`FFmpeg is missing. Run "${commandLine}" now? [Y/n] `, signal))) throw missing(commandLine);
  terminal.progress('FFmpeg', `is missing: running "${commandLine}"`);
  await install(remedy.command, signal);
  const installed = await findFfmpeg({});
  if (!installed) throw missing(commandLine);
  return installed;
}

function missing(command: string): AppError {
  return new AppError('unavailable', `FFmpeg is missing: install it (${command}), or set FFMPEG_PATH`);
}

async function isAgreed(question: string, signal: AbortSignal): Promise<boolean> {
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  dialogue.once('SIGINT', () => process.kill(process.pid, 'SIGINT')); // the dialogue keeps Ctrl-C from the process
  try {
    return /^(y|yes)?$/i.test((await dialogue.question(question, { signal })).trim());
  } finally {
    dialogue.close();
  }
}

async function install(command: readonly string[], signal: AbortSignal): Promise<void> {
  const update = [...command.slice(0, command.indexOf('apt-get') + 1), 'update', '-qq'];
  for (const words of [update, command]) await runVisibly(words, signal);
}

/** Its output is the person's to see, its questions (sudo's password) to answer. */
function runVisibly([program = '', ...args]: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', signal, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    const fail = (cause: unknown): void =>
      reject(
        new AppError('unavailable', `FFmpeg could not be installed: run "${[program, ...args].join(' ')}" yourself, or set FFMPEG_PATH`, {
          cause,
        }),
      );
    child.once('error', fail);
    child.once('close', (code) => (code === 0 ? resolve() : fail(new Error(`exit code ${code}`))));
  });
}
