import { CameraView, EventView } from '@nightjar/contracts';
import { z } from 'zod';

/** Why a call failed, in words for the person at the screen. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What the API answered has another shape than this page knows. */
const unknownShape = 'The server answered in a way this page does not understand. Is it a newer version? Reload the page.';

const Cameras = z.object({ cameras: z.array(CameraView), total: z.number() });
const LatestEvents = z.object({ events: z.array(EventView), count: z.number() });
const Token = z.object({ access_token: z.string() });
/** A detail is a text, or an object with a `message`. */
const Refusal = z.object({ detail: z.union([z.string(), z.object({ message: z.string() })]) });

/**
 * The only place that fetches. Holds the access token in memory: it is gone with the page, and no script of another page can
 * read it. `onSignedOut` is called when the server no longer takes it.
 */
export class Api {
  private constructor(
    private readonly token: string,
    private readonly onSignedOut: () => void,
  ) {}

  /** @throws ApiError with 401 for wrong credentials, 429 after too many attempts */
  static async signIn(credentials: { username: string; password: string }, onSignedOut: () => void): Promise<Api> {
    const response = await send('/api/v1/auth/login-json', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
    });
    return new Api(await read(response, Token).then((answer) => answer.access_token), onSignedOut);
  }

  async listCameras(signal: AbortSignal): Promise<CameraView[]> {
    return (await read(await this.get('/api/v1/cameras', { signal }), Cameras)).cameras;
  }

  /** Newest first. */
  async latestEvents(limit: number, signal: AbortSignal): Promise<EventView[]> {
    return (await read(await this.get(`/api/v1/events/latest?limit=${limit}`, { signal }), LatestEvents)).events;
  }

  /** The newest picture of a camera. @throws ApiError with 503 while there is none */
  async snapshot(cameraId: number, signal: AbortSignal): Promise<Blob> {
    return (await this.get(`/api/v1/cameras/${cameraId}/snapshot`, { signal })).blob();
  }

  /** Picture of an event, as the `evidence_url` of its row names it. */
  async evidence(evidenceUrl: string, signal: AbortSignal): Promise<Blob> {
    return (await this.get(evidenceUrl, { signal })).blob();
  }

  /** Opens the live stream; with `lastEventId` it begins with what was missed. */
  async openEventStream(options: { lastEventId: string | undefined; signal: AbortSignal }): Promise<ReadableStream<Uint8Array>> {
    const headers = { accept: 'text/event-stream', ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }) };
    const { body } = await this.get('/api/v1/events/stream', { signal: options.signal, headers });
    if (!body) throw new ApiError(0, unknownShape);
    return body;
  }

  private async get(path: string, init: { signal: AbortSignal; headers?: Record<string, string> }): Promise<Response> {
    try {
      return await send(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${this.token}` } });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.onSignedOut();
      throw error;
    }
  }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ApiError(0, 'The server cannot be reached.');
  }
  if (!response.ok) throw new ApiError(response.status, await refusalText(response));
  return response;
}

async function refusalText(response: Response): Promise<string> {
  const refusal = Refusal.safeParse(await response.json().catch(() => undefined));
  if (!refusal.success) return `The server answered ${response.status}.`;
  const { detail } = refusal.data;
  return typeof detail === 'string' ? detail : detail.message;
}

async function read<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.infer<Schema>> {
  const answer = schema.safeParse(await response.json().catch(() => undefined));
  if (!answer.success) throw new ApiError(response.status, unknownShape);
  return answer.data;
}
