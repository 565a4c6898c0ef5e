import { z } from 'zod';
import { ApiError, readAnswer, refusalOf, unknownShape, unreachable } from './api/answer.js';

/** What signing in, a renewal and a changed password are answered with. */
export const Token = z.object({ access_token: z.string() });
const StreamTicket = z.object({ ticket: z.string() });
const SetupCheck = z.object({ setup_required: z.boolean() });

/** Whether this browser may have a session: the cookie that says so for certain is out of our sight. No secret. */
const sessionHint = 'nightjar.session';

/** What a request may have beside its path. A `json` is its body. */
interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  json?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/**
 * The only place that fetches; what it is asked for stands by feature under `api/`. Holds the access token in memory: it is gone with
 * the page, and no script of another page can read it. What gets the next one is a cookie that no script can read. `onSignedOut` is
 * called when the session has ended.
 */
export class Api {
  private renewal: Promise<void> | undefined;
  /** Called when nothing but a second factor will do before anything else is answered. */
  onSecondFactorNeeded: (() => void) | undefined;

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
    const { access_token: token } = await readAnswer(response, Token);
    localStorage.setItem(sessionHint, '1');
    return new Api(token, onSignedOut);
  }

  /** Ends the session, here and for its cookie. @throws ApiError when the server could not be told: for the cookie it goes on */
  async signOut(): Promise<void> {
    localStorage.removeItem(sessionHint);
    try {
      await this.request('/api/v1/auth/logout', { method: 'POST' });
    } catch (error) {
      // It had ended before.
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
  }

  /** @throws ApiError */
  async getJson<Schema extends z.ZodType>(path: string, schema: Schema, signal?: AbortSignal): Promise<z.infer<Schema>> {
    return readAnswer(await this.request(path, { signal }), schema);
  }

  /** @throws ApiError, also when the answer has another shape than `schema` */
  async sendJson<Schema extends z.ZodType>(path: string, schema: Schema, options: RequestOptions): Promise<z.infer<Schema>> {
    return readAnswer(await this.request(path, options), schema);
  }

  /** Sends what has no answer worth reading. @throws ApiError */
  async send(path: string, options: RequestOptions): Promise<void> {
    await this.request(path, options);
  }

  /** A picture. @throws ApiError */
  async getBlob(path: string, signal: AbortSignal): Promise<Blob> {
    return (await this.request(path, { signal })).blob();
  }

  /** Headers of a file, by asking for its first byte: unlike the answer to HEAD, a refusal says why. @throws ApiError */
  async fileHeaders(path: string, signal: AbortSignal): Promise<Headers> {
    const { body, headers } = await this.request(path, { headers: { range: 'bytes=0-0' }, signal });
    await body?.cancel();
    return headers;
  }

  /** The token of a session that goes on, after a password was changed. */
  useToken(token: string): void {
    this.token = token;
  }

  /** Opens the live stream, of events alone or with boxes; with `lastEventId` it begins with what was missed. */
  async openEventStream(options: {
    lastEventId: string | undefined;
    withBoxes: boolean;
    signal: AbortSignal;
  }): Promise<ReadableStream<Uint8Array>> {
    const headers = { accept: 'text/event-stream', ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }) };
    const query = options.withBoxes ? '' : '?types=notification';
    const { body } = await this.request(`/api/v1/events/stream${query}`, { signal: options.signal, headers });
    if (!body) throw new ApiError(0, unknownShape);
    return body;
  }

  /** Opens the live video of a camera; `sub`: the smaller one, where it has one. A ticket says who asks: a browser sends no header with a handshake. */
  async openLiveVideo(cameraId: number, stream: 'main' | 'sub'): Promise<WebSocket> {
    const { ticket } = await readAnswer(await this.request('/api/v1/events/ws-ticket', { method: 'POST' }), StreamTicket);
    const socket = new WebSocket(
      `${location.origin.replace(/^http/, 'ws')}/api/v1/cameras/${cameraId}/live?stream=${stream}&ticket=${ticket}`,
    );
    socket.binaryType = 'arraybuffer';
    return socket;
  }

  /** An access token lives for a quarter of an hour: the first request that comes too late gets the next one and is sent again. */
  private async request(path: string, options: RequestOptions): Promise<Response> {
    const usedToken = this.token;
    try {
      return await this.sendWithToken(path, options);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.reason === 'mfa_setup_required') this.onSecondFactorNeeded?.();
      // A wrong code is a 401 too, and no reason to ask for another token.
      if (error.status !== 401 || error.reason === 'invalid_code') throw error;
      if (this.token === usedToken) await this.renew();
      return this.sendWithToken(path, options);
    }
  }

  private sendWithToken(path: string, { headers, json, method = 'GET', signal }: RequestOptions): Promise<Response> {
    return send(path, {
      method,
      headers: { ...headers, authorization: `Bearer ${this.token}`, ...(json !== undefined && { 'content-type': 'application/json' }) },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(signal && { signal }),
    });
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

/** Whether there is no user yet: the first one is made with a token that the server printed. @throws ApiError */
export async function isSetupRequired(): Promise<boolean> {
  return (await readAnswer(await send('/api/v1/auth/check-setup', { method: 'POST' }), SetupCheck)).setup_required;
}

/** Makes the first user. @throws ApiError */
export async function makeFirstUser(user: { username: string; password: string; setup_token: string }): Promise<void> {
  await send('/api/v1/auth/first-time-setup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  });
}

async function renewToken(): Promise<string> {
  const response = await send('/api/v1/auth/refresh', { method: 'POST' });
  return (await readAnswer(response, Token)).access_token;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    throw unreachable(error);
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}
