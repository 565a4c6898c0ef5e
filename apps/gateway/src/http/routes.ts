/** Below it stands what the contract describes, and errors have the contract's form. */
export const contractPrefix = '/v0.2';

/**
 * The operations of the contract. Its documentation names them but not their paths; ours follow its tag names, and an
 * installation may have others (`OperationPaths`). Clients that follow `Location` work with either.
 */
export const operations = {
  submitVideo: '/request/video',
  submitImages: '/request/images',
  videoResult: '/results/video/:jobId',
  imageResult: '/results/images/:jobId',
  latency: '/status/latency',
  capacity: '/status/capacity',
} as const;
export type Operation = keyof typeof operations;

/** Every path of the job API, as Fastify and Nest write it. */
export const routes = {
  submitVideo: `${contractPrefix}${operations.submitVideo}`,
  submitImages: `${contractPrefix}${operations.submitImages}`,
  videoResult: `${contractPrefix}${operations.videoResult}`,
  imageResult: `${contractPrefix}${operations.imageResult}`,
  latency: `${contractPrefix}${operations.latency}`,
  capacity: `${contractPrefix}${operations.capacity}`,
  // Beyond the contract. Errors of these routes are RFC 9457 problems.
  jobs: '/v1/jobs',
  job: '/v1/jobs/:jobId',
  cancelJob: '/v1/jobs/:jobId/cancel',
  jobEvents: '/v1/jobs/events',
  deliveries: '/v1/webhook-deliveries',
  delivery: '/v1/webhook-deliveries/:deliveryId',
  redeliver: '/v1/webhook-deliveries/:deliveryId/redeliver',
  keys: '/v1/keys',
  key: '/v1/keys/:keyId',
  rotateKey: '/v1/keys/:keyId/rotate',
  allowlist: '/v1/allowlist',
  allowlistedPerson: '/v1/allowlist/:personId',
  uploads: '/v1/uploads',
  upload: '/v1/uploads/:uploadId',
  limits: '/v1/limits',
  usage: '/v1/usage',
  status: '/v1/status',
  openapi: '/v1/openapi.json',
} as const;

/** Request headers of the job API, in the lower case that Node gives them. That of the key is a setting. */
export const requestHeaders = {
  maxProcessingTime: 'max-processing-time',
  // The documentation offers a webhook for a binary body too and does not say where it stands; these are ours.
  webhookUrl: 'x-webhook-url',
  webhookSecret: 'x-webhook-secret',
  idempotencyKey: 'idempotency-key',
} as const;
