import { CameraView, EventView } from '@nightjar/contracts';
import { z } from 'zod';

/** Why a call failed, in words for the person at the screen. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
    /** What the API calls it, where it has a name. */
    readonly reason?: string,
  ) {
    super(message);
  }
}

/** What the API answered has another shape than this page knows. */
const unknownShape = 'The server answered in a way this page does not understand. Is it a newer version? Reload the page.';

const Cameras = z.object({ cameras: z.array(CameraView), total: z.number() });
const LatestEvents = z.object({ events: z.array(EventView), count: z.number() });
const Token = z.object({ access_token: z.string() });
const StreamTicket = z.object({ ticket: z.string() });
/** A detail is a text, or an object with a `message` and the name of the `error`. */
const Refusal = z.object({ detail: z.union([z.string(), z.object({ error: z.string().optional(), message: z.string() })]) });

/** Whether this browser may have a session: the cookie that says so for certain is out of our sight. No secret. */
const sessionHint = 'nightjar.session';

/**
 * The only place that fetches. Holds the access token in memory: it is gone with the page, and no script of another page can
 * read it. What gets the next one is a cookie that no script can read. `onSignedOut` is called when the session has ended.
 */
export class Api {
  private renewal: Promise<void> | undefined;

  private constructor(
    private token: string,
    private readonly onSignedOut: () => void,
  ) {}

  /** Goes on with the session of this browser. @returns undefined when there is none */
  static async resume(onSignedOut: () => void): Promise<Api | undefined> {
    if (localStorage.getItem(sessionHint) === null) return undefined;
    try {
      return new Api(await renewToken(), onSignedOut);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) localStorage.removeItem(sessionHint);
      return undefined;
    }
  }

  /**
   * @throws ApiError with 401 for wrong credentials, 423 and 429 after too many attempts; its reason is `mfa_required` when the
   *   password is right and a code is asked for
   */
  static async signIn(credentials: { username: string; password: string; code?: string }, onSignedOut: () => void): Promise<Api> {
    const response = await send('/api/v1/auth/login-json?session=cookie', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
    });
    const { access_token: token } = await read(response, Token);
    localStorage.setItem(sessionHint, '1');
    return new Api(token, onSignedOut);
  }

  /** Ends the session, here and for its cookie. */
  async signOut(): Promise<void> {
    localStorage.removeItem(sessionHint);
    await this.request('/api/v1/auth/logout', { method: 'POST' }).catch(() => undefined);
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

  /** Opens the live video of a camera. A ticket says who asks: a browser sends no header with a handshake. */
  async openLiveVideo(cameraId: number): Promise<WebSocket> {
    const { ticket } = await read(await this.request('/api/v1/events/ws-ticket', { method: 'POST' }), StreamTicket);
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/cameras/${cameraId}/live?ticket=${ticket}`);
    socket.binaryType = 'arraybuffer';
    return socket;
  }

  private get(path: string, init: { signal: AbortSignal; headers?: Record<string, string> }): Promise<Response> {
    return this.request(path, init);
  }

  /** An access token lives for a quarter of an hour: the first request that comes too late gets the next one and is sent again. */
  private async request(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    const usedToken = this.token;
    try {
      return await this.sendWithToken(path, init);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      if (this.token === usedToken) await this.renew();
      return this.sendWithToken(path, init);
    }
  }

  private sendWithToken(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    return send(path, { ...init, headers: { ...init.headers, authorization: `Bearer ${this.token}` } });
  }

  /** Requests that were refused together wait for one renewal. */
  private renew(): Promise<void> {
    this.renewal ??= renewToken()
      .then((token) => {
        this.token = token;
      })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 401) this.onSignedOut();
        throw error;
      })
      .finally(() => {
        this.renewal = undefined;
      });
    return this.renewal;
  }
}

async function renewToken(): Promise<string> {
  const response = await send('/api/v1/auth/refresh', { method: 'POST' });
  return (await read(response, Token)).access_token;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ApiError(0, 'The server cannot be reached.');
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}

async function refusalOf(response: Response): Promise<ApiError> {
  const refusal = Refusal.safeParse(await response.json().catch(() => undefined));
  if (!refusal.success) return new ApiError(response.status, `The server answered ${response.status}.`);
  const { detail } = refusal.data;
  return typeof detail === 'string' ? new ApiError(response.status, detail) : new ApiError(response.status, detail.message, detail.error);
}

async function read<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.infer<Schema>> {
  const answer = schema.safeParse(await response.json().catch(() => undefined));
  if (!answer.success) throw new ApiError(response.status, unknownShape);
  return answer.data;
}
