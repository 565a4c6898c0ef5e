import { createHmac } from 'node:crypto';

/** How `X-Webhook-Signature` is written: `sha256=<hex>`, or the digest alone. */
export type SignatureFormat = 'sha256=hex' | 'hex';

/** One attempt at telling a receiver. */
export interface WebhookMessage {
  /** The same in every attempt. */
  readonly id: string;
  readonly attempt: number;
  /** When this attempt is made. */
  readonly atUnixSeconds: number;
  /** Exactly the bytes that are sent. */
  readonly body: Uint8Array;
  /** Default: `application/json`. */
  readonly contentType?: string;
}

/** Marks secrets of Standard Webhooks whose key is what their base64 stands for. */
const standardSecret = /^whsec_((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;

/**
 * Headers of one attempt. Two signatures for two kinds of receivers: `X-Webhook-Signature` over the body alone, keyed by the
 * secret as it was given, and Standard Webhooks' `webhook-signature` over id, timestamp and body, which tells repetitions apart.
 * Without a secret there is neither.
 */
export function webhookHeaders(
  message: WebhookMessage,
  { secret, format }: { secret: string | undefined; format: SignatureFormat },
): Record<string, string> {
  const { id, attempt, atUnixSeconds, body, contentType = 'application/json' } = message;
  return {
    'content-type': contentType,
    'user-agent': 'Nightjar-Webhooks',
    'webhook-id': id,
    'webhook-timestamp': String(atUnixSeconds),
    'x-webhook-id': id,
    'x-webhook-attempt': String(attempt),
    'x-webhook-timestamp': String(atUnixSeconds),
    ...(secret === undefined
      ? {}
      : { 'x-webhook-signature': bodySignature(body, { secret, format }), 'webhook-signature': standardSignature(message, secret) }),
  };
}

/** HMAC-SHA256 over the raw body; the key is the UTF-8 bytes of the whole secret, whatever it looks like. */
function bodySignature(body: Uint8Array, { secret, format }: { secret: string; format: SignatureFormat }): string {
  const digest = createHmac('sha256', Buffer.from(secret, 'utf8')).update(body).digest('hex');
  return format === 'hex' ? digest : `sha256=${digest}`;
}

/** `v1,<base64>` of Standard Webhooks 1.0.0. */
function standardSignature({ id, atUnixSeconds, body }: WebhookMessage, secret: string): string {
  const base64 = standardSecret.exec(secret)?.[1];
  const key = base64 === undefined ? Buffer.from(secret, 'utf8') : Buffer.from(base64, 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${atUnixSeconds}.`).update(body).digest('base64')}`;
}
