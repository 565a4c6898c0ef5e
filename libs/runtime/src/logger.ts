import { pino, type Logger as PinoLogger } from 'pino';

/** Constant message first, then fields; secrets are cut by name and inside URLs. */
export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  child(fields: object): Logger;
}

const secretNames = ['password', 'secret', 'token', 'authorization', 'apiKey', 'api_key', 'key', 'cookie', 'lease'];
/** Up to the last `@` of the authority: passwords hold `@` too. No part before `://`, so that a long text is read once. */
const credentialsInUrl = /:\/\/[^/\s]*@/g;

/** Cuts `user:password@` out of every URL in a text. */
export function withoutCredentials(text: string): string {
  return text.replace(credentialsInUrl, '://***@');
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

function cleanFields(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? withoutCredentials(value) : value instanceof Error ? describeError(value) : value,
    ]),
  );
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

/** JSON lines on stdout. `level` is a pino level. */
export function createLogger(options: { service: string; level: string }): Logger {
  return wrap(
    pino({
      base: { service: options.service },
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '***' },
    }),
  );
}
