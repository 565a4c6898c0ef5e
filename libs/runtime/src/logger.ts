import { destination, pino, stdTimeFunctions, type Logger as PinoLogger } from 'pino';

/** Constant message first, then fields; secrets are cut by name and inside URLs. */
export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  child(fields: object): Logger;
}

const secretNames: ReadonlySet<string> = new Set([
  'password',
  'secret',
  'token',
  'authorization',
  'apiKey',
  'api_key',
  'key',
  'cookie',
  'lease',
]);
const censored = '***';
/** Up to the last `@` of the authority: passwords hold `@` too. No part before `://`, so that a long text is read once. */
const credentialsInUrl = /:\/\/[^/\s]*@/g;
/** Some cameras take name and password there. */
const credentialsInQuery = /([?&;](?:user(?:name)?|usr|pass(?:word|wd)?|pwd|token|auth)=)[^&#\s"'<>]*/gi;

/** Cuts `user:password@`, and what a query says of either, out of every URL in a text. */
export function withoutCredentials(text: string): string {
  return withoutQueryCredentials(text.replace(credentialsInUrl, '://***@'));
}

/** Cuts names, passwords and tokens out of the query of every URL in a text. */
export function withoutQueryCredentials(text: string): string {
  return text.replace(credentialsInQuery, '$1***');
}

/** Errors as logs show them: message and causes without credentials, the stack once. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? withoutCredentials(error) : error;
  return {
    name: error.name,
    message: withoutCredentials(error.message),
    ...('code' in error ? { code: error.code } : {}),
    stack: withoutCredentials(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

/** Fields as they may be written: without secrets, by name here and one level below, and without credentials in URLs. */
export function cleanFields(fields: object): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) clean[name] = secretNames.has(name) ? censored : cleanValue(value);
  return clean;
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return withoutCredentials(value);
  if (value instanceof Error) return describeError(value);
  if (typeof value !== 'object' || value === null || !Object.keys(value).some((name) => secretNames.has(name))) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, secretNames.has(name) ? censored : (inner as unknown)]));
}

function wrap(inner: PinoLogger): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: object) => {
    if (fields === undefined) inner[level](message);
    else inner[level](cleanFields(fields), message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(inner.child(cleanFields(fields))),
  };
}

/** A line waits so long for others at most: to write costs as much as to answer a small request. */
const gatherMs = 100;
/** More than this is written at once, so that what waits is bounded. */
const gatheredMax = 8 * 1024;

type LineWriter = Pick<ReturnType<typeof destination>, 'write'>;
let standardOutput: LineWriter | undefined;

/**
 * Standard output, one for the process. Lines are gathered; a warning or an error is written at once and takes with it what
 * waits, and so does the end of the process. Only a SIGKILL loses lines, of the last moment and of no more than info.
 */
function openStandardOutput(): LineWriter {
  const stream = destination({ dest: 1, sync: true });
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const lines = gathered;
    gathered = '';
    if (lines !== '') stream.write(lines);
  };
  process.once('exit', flush);
  return {
    write: (line) => {
      gathered += line;
      if (gathered.length >= gatheredMax || urgentLine.test(line)) flush();
      else timer ??= setTimeout(flush, gatherMs).unref();
      return true;
    },
  };
}

/** As pino writes them: the level comes first. */
const urgentLine = /^\{"level":"(?:warn|error|fatal)"/;

/** JSON lines on stdout. `level` is a pino level. */
export function createLogger(options: { service: string; level: string }): Logger {
  standardOutput ??= openStandardOutput();
  return wrap(
    pino(
      {
        base: { service: options.service },
        level: options.level,
        timestamp: stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      standardOutput,
    ),
  );
}
