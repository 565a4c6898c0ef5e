import type { JobError } from '@nightjar/contracts';

/** Why the gateway itself ends a job or refuses a picture, as the client reads it. Agents add their own codes. */
export const jobErrors = {
  processingTimeExceeded: { code: 'processing_time_exceeded', message: 'processing took longer than Max-Processing-Time allows' },
  attemptsExhausted: { code: 'attempts_exhausted', message: 'processing was started several times and never came to an end' },
  cancelled: { code: 'cancelled', message: 'the job was cancelled' },
  resultNotDelivered: { code: 'result_not_delivered', message: 'the result was made and did not arrive whole' },
  noItemResult: { code: 'no_result', message: 'processing gave no result for this image' },
  invalidBase64: { code: 'invalid_base64', message: 'data_base64 is not base64 (RFC 4648 §4, without line breaks)' },
  dataUri: { code: 'data_uri', message: 'data_base64 must be raw base64 without a data: prefix' },
  imageEmpty: { code: 'image_empty', message: 'data_base64 holds no bytes' },
  imageTooLarge: { code: 'image_too_large', message: 'an image has at most 20 MiB' },
} as const satisfies Record<string, JobError>;
