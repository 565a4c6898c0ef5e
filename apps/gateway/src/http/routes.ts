import type { MediaType } from '@nightjar/contracts';

// The public documentation names the operations but not their paths. Ours follow its tag names; the true ones would be
// dropped in here. Clients that follow `Location` work with either.
const prefix = '/v0.2';
const videoResults = `${prefix}/results/video`;
const imageResults = `${prefix}/results/images`;

/** Every path of the job API, as Fastify and Nest write it. */
export const routes = {
  submitVideo: `${prefix}/request/video`,
  submitImages: `${prefix}/request/images`,
  videoResult: `${videoResults}/:jobId`,
  imageResult: `${imageResults}/:jobId`,
} as const;

/** Request headers of the job API, in the lower case that Node gives them. */
export const requestHeaders = {
  apiKey: 'x-api-key',
  maxProcessingTime: 'max-processing-time',
  // The documentation offers a webhook for a binary body too and does not say where it stands; these are ours.
  webhookUrl: 'x-webhook-url',
  webhookSecret: 'x-webhook-secret',
} as const;

/** Where the result of a job is polled: the `Location` of a submit. */
export function resultLocation(mediaType: MediaType, jobId: string): string {
  return `${mediaType === 'video' ? videoResults : imageResults}/${jobId}`;
}
