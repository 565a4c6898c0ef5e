import { z } from 'zod';
import type { Api } from '../api.js';
import type { Analytic } from '../cameras/drawn-analytic.js';

const Stream = z.object({
  name: z.string(),
  description: z.string(),
  location: z.unknown(),
  autorestart: z.object({ restart: z.number(), attempt_count: z.number(), delay: z.number() }),
  status: z.string(),
  last_error: z.string().nullable(),
  analytics: z.array(z.object({ analytic_name: z.string(), parameters: z.record(z.string(), z.unknown()) })),
});
/** What is looked for on a camera, and how that goes. */
export type Stream = z.infer<typeof Stream>;

export function readStream(api: Api, cameraUuid: string, signal: AbortSignal): Promise<Stream> {
  return api.getJson(`/1/streams/${cameraUuid}`, Stream, signal);
}

/** Looks for exactly these from now on; all else of the stream stays. */
export function replaceAnalytics(api: Api, cameraUuid: string, stream: Stream, analytics: readonly Analytic[]): Promise<Stream> {
  const { autorestart, description, location, name } = stream;
  const json = { name, description, autorestart, analytics, ...(location !== null && location !== undefined && { location }) };
  return api.sendJson(`/1/streams/${cameraUuid}`, Stream, { method: 'PUT', json });
}

/** Stops the analysis of a camera, or begins it again. */
export function switchStream(api: Api, cameraUuid: string, action: 'stop' | 'resume'): Promise<void> {
  return api.send(`/1/streams/${cameraUuid}?action=${action}`, { method: 'PATCH' });
}
