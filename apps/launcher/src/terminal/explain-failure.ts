import { AppError, SettingsError, withoutCredentials } from '@nightjar/runtime';

/** SQLSTATE disk_full */
const diskFull = '53100';

/** One line for whatever ended the launcher: what is wrong and what to do about it, no secrets, no stack. */
export function explainFailure(error: unknown, dataDir?: string): string {
  const causes = causesOf(error);
  const place = dataDir === undefined ? '' : ` of ${dataDir}`;
  if (causes.some(isDiskFull)) return `the disk${place} is full: free some space, or set NIGHTJAR_DATA_DIR to a directory on another disk`;
  const [first] = causes;
  if (first instanceof SettingsError || first instanceof AppError) return oneLine(first.message);
  const refused = causes.find((cause) => ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(cause)));
  if (refused)
    return `no right to use ${pathOf(refused) ?? dataDir ?? 'a file'}: check its owner and mode, or set NIGHTJAR_DATA_DIR to a directory of yours`;
  return oneLine(first instanceof Error ? `${first.name}: ${first.message}` : String(first));
}

/** The error and what caused it, outermost first. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause !== undefined && causes.length < 10; cause = cause instanceof Error ? cause.cause : undefined)
    causes.push(cause);
  return causes;
}

function isDiskFull(error: unknown): boolean {
  return (
    ['ENOSPC', 'EDQUOT', diskFull].includes(codeOf(error)) || (error instanceof Error && /No space left on device/i.test(error.message))
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function pathOf(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

function oneLine(text: string): string {
  return withoutCredentials(text).replaceAll(/\s*\n\s*/g, ' | ');
}
