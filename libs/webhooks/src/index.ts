export type { AttemptOutcome, ClaimedDelivery, ClaimOptions, DeliveryContent, DeliveryQueue } from './delivery-queue.js';
export type { SignatureFormat } from './sign-webhook.js';
export { openWebhookClient } from './webhook-client.js';
export { defaultDeliveryTimings, WebhookSender, type DeliveryTimings } from './webhook-sender.js';
