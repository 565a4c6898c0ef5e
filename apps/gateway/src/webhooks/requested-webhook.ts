import type { IncomingHttpHeaders } from 'node:http';
import { parseRemoteUrl } from '@nightjar/outbound';
import { AppError, toAppError } from '@nightjar/runtime';
import { z } from 'zod';
import { requestHeaders } from '../http/routes.js';
import { isStorable } from '../http/storable-text.js';

const secretBytesMax = 256;

const NamedWebhook = z.object({
  url: z.string(),
  secret: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text, 'utf8') <= secretBytesMax, `has more than ${secretBytesMax} bytes`)
    .refine(isStorable, 'must be Unicode text without NUL')
    .nullish(),
});

/** Who is told of a job's end. */
export interface RequestedWebhook {
  /** As it is called: the fragment is gone, the host in lower case. */
  url: string;
  /** What messages are signed with. */
  secret: string | undefined;
}

/**
 * Reads a webhook as a request names it: `{url, secret?}`.
 * @returns null when there is none
 * @throws AppError `unprocessable` with the fields that are wrong, never with their values
 */
export function parseRequestedWebhook(named: unknown): RequestedWebhook | null {
  if (named === undefined || named === null) return null;
  const read = NamedWebhook.safeParse(named);
  if (!read.success) throw refused(read.error.issues.map(({ path, message }) => ({ path: ['webhook', ...path].join('.'), message })));
  const { url, secret } = read.data;
  return { url: normalizedUrl(url), secret: secret ?? undefined };
}

/** The webhook in a request's headers, for bodies that have no place for one. */
export function webhookInHeaders(headers: IncomingHttpHeaders): unknown {
  const url = headers[requestHeaders.webhookUrl];
  const secret = headers[requestHeaders.webhookSecret];
  if (url === undefined && secret === undefined) return undefined;
  // Other bytes arrive as Latin-1 whatever they were: the signature would be made with another key than the receiver has.
  if (typeof secret === 'string' && !/^[\x20-\x7e]*$/.test(secret))
    throw refused([{ path: 'X-Webhook-Secret', message: 'must be ASCII; a form or JSON takes other characters' }]);
  return { url, secret };
}

/** The webhook of a form: a part `webhook` with JSON, else the fields `webhook.url` and `webhook.secret`, or `webhook[url]`, `webhook[secret]`. */
export class FormWebhook {
  private readonly values = new Map<string, unknown>();

  /** @returns whether the field belongs to a webhook; what others are called does not matter here */
  add(name: string, value: unknown): boolean {
    const [found, dotted, bracketed] = /^webhook(?:\.(.+)|\[(.+)\])?$/.exec(name) ?? [];
    if (found !== undefined) this.values.set(dotted ?? bracketed ?? '', value);
    return found !== undefined;
  }

  /** What the fields so far name; undefined when there was none. */
  get named(): unknown {
    if (this.values.has('')) return parsedJson(this.values.get(''));
    return this.values.size === 0 ? undefined : { url: this.values.get('url'), secret: this.values.get('secret') };
  }
}

/** A part with Content-Type: application/json has been parsed already. */
function parsedJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw refused([{ path: 'webhook', message: 'is not JSON' }]);
  }
}

function normalizedUrl(text: string): string {
  try {
    const { origin, path } = parseRemoteUrl(text);
    return `${origin}${path}`;
  } catch (error) {
    throw refused([{ path: 'webhook.url', message: toAppError(error).message }]);
  }
}

function refused(issues: readonly { path: string; message: string }[]): AppError {
  return new AppError('unprocessable', 'the webhook is not as the API describes it', { details: { issues } });
}
