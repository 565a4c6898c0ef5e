import { AppError } from '@nightjar/runtime/app-error';

/** Names come out of files that users bring: a long one must not fill the log, nor a control character garble it. */
const longestShown = 120;

/** The error for a graph that can't be converted: `model_error` with a text that says what and where. */
export function unsupportedGraph(message: string, cause?: unknown): AppError {
  return new AppError('model_error', message, { cause });
}

/** A name from a model's file as it may stand in a message. */
export function shown(name: string): string {
  const printable = name.replace(/[^\x20-\x7e]/g, '?');
  return printable.length > longestShown ? `${printable.slice(0, longestShown)}…` : printable;
}
