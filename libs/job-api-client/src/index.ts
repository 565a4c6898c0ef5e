export type { components, operations, paths } from './job-api-types.js';
export { openJobApi, type JobApi, type JobApiOptions } from './open-job-api.js';
export { JobApiError, waitForImages, waitForVideo, type ImageJob, type VideoJob } from './wait-until-over.js';
