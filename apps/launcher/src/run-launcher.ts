import { AppError, toAppError } from '@nightjar/runtime';
import type { LauncherConfig } from './config.js';
import { System } from './system.js';
import { explainFailure } from './terminal/explain-failure.js';
import type { Terminal } from './terminal/terminal.js';

const parentPollMs = 500;
/** A killed Postgres needs a moment to see that it is to end. */
const forcedExitMs = 1_500;

/** Somebody asked us to stop: no failure. */
class StopRequest extends Error {
  override readonly name = 'StopRequest';
}

/**
 * Brings the system up, keeps it up until it is told to stop or a part gives up, takes it down in order.
 * Resolves to the exit code: 0 after an ordered stop, 130 when the start or the stop was cut short, 1 after a failure.
 */
export async function runLauncher(config: LauncherConfig, terminal: Terminal): Promise<number> {
  const stopping = new AbortController();
  const system = new System({ config, terminal, onGivenUp: (reason) => stopping.abort(reason) });
  let isForced = false;
  const stopListening = listenForStop(stopping, terminal, () => {
    isForced = true;
    system.kill();
  });
  let isUp = false;
  let failure: unknown;
  try {
    await system.bringUp(stopping.signal);
    isUp = true;
    system.announce();
    failure = await untilAborted(stopping.signal);
  } catch (error) {
    failure = stopping.signal.aborted ? stopping.signal.reason : error;
  }
  const isAsked = failure instanceof StopRequest;
  if (isAsked) terminal.progress('stopping', (failure as StopRequest).message);
  try {
    await system.takeDown();
  } catch (error) {
    failure = error;
  }
  stopListening();
  if (failure instanceof StopRequest) {
    terminal.progress('stopped', 'everything; the data stays');
    return isUp && !isForced ? 0 : 130;
  }
  terminal.line(`nightjar: ${explainFailure(failure, config.dataDir)}`);
  return 1;
}

/**
 * The first signal, or the end of whoever started us (npm is killed by SIGTERM and leaves us behind), begins an ordered
 * stop; the second signal ends everything at once.
 */
function listenForStop(stopping: AbortController, terminal: Terminal, force: () => void): () => void {
  const parentPid = process.ppid;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!stopping.signal.aborted) return stopping.abort(new StopRequest(signal === 'SIGINT' ? 'Ctrl-C' : signal));
    terminal.progress('stopping', 'at once');
    force();
    setTimeout(() => process.exit(130), forcedExitMs);
  };
  const onUnexpected = (error: unknown): void =>
    stopping.abort(new AppError('internal', `unexpected: ${explainFailure(error)}`, { cause: toAppError(error) }));
  const parentWatch = setInterval(() => {
    if (process.ppid !== parentPid && !stopping.signal.aborted) stopping.abort(new StopRequest('the process that started it is gone'));
  }, parentPollMs);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onUnexpected);
  return () => {
    clearInterval(parentWatch);
    for (const signal of signals) process.off(signal, onSignal);
    process.off('uncaughtException', onUnexpected);
  };
}

function untilAborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}
