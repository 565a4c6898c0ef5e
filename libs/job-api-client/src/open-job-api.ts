import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './job-api-types.js';

export interface JobApiOptions {
  /** Where the job API listens, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** A key, or the access token of a user: both go into `Authorization: Bearer`. */
  credential: string;
  /** Default: the global one. */
  fetch?: typeof fetch;
}

/** Every operation of the job API by path and method, with the types of its document. Nothing throws for an HTTP status: look at `error`. */
export type JobApi = Client<paths>;

/** Opens the job API for one caller. It makes no request by itself. */
export function openJobApi({ url, credential, fetch }: JobApiOptions): JobApi {
  return createClient<paths>({
    baseUrl: url,
    headers: { Authorization: `Bearer ${credential}` },
    ...(fetch && { fetch: (request: Request) => fetch(request) }),
  });
}
