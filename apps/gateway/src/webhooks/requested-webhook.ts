import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@nightjar/runtime';
import { requestHeaders } from '../http/routes.js';

/** The webhook of a request whose body is the video itself. */
export function webhookInHeaders(headers: IncomingHttpHeaders): unknown {
  return headers[requestHeaders.webhookUrl] ?? headers[requestHeaders.webhookSecret];
}

/** Whether a form's field belongs to its webhook: `webhook` as JSON, `webhook.url`, `webhook[url]` and the same with `secret`. */
export function isWebhookField(name: string): boolean {
  return /^webhook(\.|\[|$)/.test(name);
}

/** To take a webhook and never call it would be a lie. @throws AppError `unprocessable` when there is one */
export function refuseWebhook(webhook: unknown): void {
  if (webhook === undefined || webhook === null) return;
  throw new AppError('unprocessable', 'this server does not deliver webhooks yet: leave the webhook out and poll the result');
}
