import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { PassThrough, type Readable } from 'node:stream';
import { AppError, deadlineSignal, hasErrorCode, sleep } from '@nightjar/runtime';
import { credentialsRefused, problem, reasonOf } from '../camera-problem.js';
import { JpegSplitter } from '../jpeg-splitter.js';
import { Patience } from '../patience.js';
import { CameraAuthorization, type CameraCredentials } from '../rtsp-relay/camera-authorization.js';

const answerMsMaxDefault = 10_000;
/** A camera that sends its pictures in one answer and sends nothing at all. */
const silenceMsMaxDefault = 20_000;
/** How often a camera is asked that gives one picture an answer. */
const snapshotEveryMsDefault = 1_000;
/** Waiting for FFmpeg; a picture that comes meanwhile is left out. */
const waitingBytesMax = 4 * 1024 * 1024;
/** One for a password, one for a nonce that went stale meanwhile. */
const challengesMax = 2;

interface HttpCameraOptions {
  /** Longest wait for the head of an answer, and for a whole picture where an answer is one. */
  readonly answerMsMax?: number;
  readonly silenceMsMax?: number;
  readonly snapshotEveryMs?: number;
}

/**
 * The pictures of a camera that speaks HTTP: a `multipart` answer without an end (MJPEG), or an address that gives one picture each time it
 * is asked. The request goes to the one address that was checked; nothing that the camera says leads anywhere else. Pictures are cut out
 * here, so that FFmpeg reads nothing but JPEG on a pipe. Under `https` the certificate is not checked: cameras sign their own.
 */
export class HttpCamera {
  /** For FFmpeg, as `mpjpeg`. Ends when the camera does, and `problem` says why. */
  readonly parts: Readable;
  private readonly sink = new PassThrough();
  private readonly stopping = new AbortController();
  private readonly authorization: CameraAuthorization;
  private readonly target: HttpTarget;
  private readonly agent: HttpAgent;
  private found: AppError | undefined;

  private constructor(
    url: string,
    private readonly options: HttpCameraOptions,
  ) {
    this.target = readHttpTarget(url);
    this.parts = this.sink;
    this.authorization = new CameraAuthorization(this.target.credentials);
    const keepOne = { keepAlive: true, maxSockets: 1 };
    this.agent = this.target.isTls ? new HttpsAgent({ ...keepOne, rejectUnauthorized: false }) : new HttpAgent(keepOne);
  }

  /**
   * Begins to ask at once.
   * @param url `http://` or `https://` with an IP address that was checked and perhaps credentials. Never log it
   * @throws AppError `invalid_argument` for another address
   */
  static open(url: string, options: HttpCameraOptions = {}): HttpCamera {
    const camera = new HttpCamera(url, options);
    void camera.run();
    return camera;
  }

  /** Why there are no more pictures. */
  get problem(): AppError | undefined {
    return this.found;
  }

  close(): void {
    this.stopping.abort();
    this.agent.destroy();
    this.sink.destroy();
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopping.signal.aborted) {
        const askedMs = performance.now();
        const { answer, deadline } = await this.ask();
        if (isMultipart(answer)) throw await this.readStream(answer);
        await this.readSnapshot(answer, deadline);
        const waitMs = (this.options.snapshotEveryMs ?? snapshotEveryMsDefault) - (performance.now() - askedMs);
        await sleep(Math.max(0, waitMs), this.stopping.signal);
      }
    } catch (error) {
      this.found ??= error instanceof AppError ? error : problem('the stream of the camera ended', error);
    } finally {
      this.sink.end();
    }
  }

  /** Asks once, and again where the camera wants to know who asks. */
  private async ask(): Promise<{ answer: IncomingMessage; deadline: AbortSignal }> {
    for (let challenges = 0; ; challenges++) {
      const deadline = deadlineSignal(this.options.answerMsMax ?? answerMsMaxDefault, this.stopping.signal);
      const authorization = this.authorization.headerFor('GET', this.target.path);
      const answer = await this.request(authorization, deadline);
      if (answer.statusCode !== 401) {
        requirePictures(answer);
        return { answer, deadline };
      }
      const wanted = answer.headersDistinct['www-authenticate'] ?? [];
      answer.destroy();
      if (challenges >= challengesMax || !this.authorization.accept(wanted, authorization !== undefined)) throw problem(credentialsRefused);
    }
  }

  private request(authorization: string | undefined, deadline: AbortSignal): Promise<IncomingMessage> {
    const { host, isTls, path, port } = this.target;
    return new Promise((resolve, reject) => {
      const request = (isTls ? requestHttps : requestHttp)({
        host,
        port,
        path,
        agent: this.agent,
        headers: {
          Accept: 'multipart/x-mixed-replace, image/jpeg',
          ...(authorization === undefined ? {} : { Authorization: authorization }),
        },
      });
      const onDeadline = () => {
        request.destroy();
        reject(this.stopping.signal.aborted ? gone() : problem('the camera does not answer'));
      };
      deadline.addEventListener('abort', onDeadline, { once: true });
      if (deadline.aborted) onDeadline();
      request.once('error', (cause) => reject(problem(whyNoAnswer(cause, { isTls }), cause)));
      request.once('response', (answer) => {
        deadline.removeEventListener('abort', onDeadline);
        resolve(answer);
      });
      request.end();
    });
  }

  /** Hands the pictures out until the answer ends. @returns why it did */
  private async readStream(answer: IncomingMessage): Promise<AppError> {
    const splitter = new JpegSplitter({ skipsHeaders: true });
    let late: AppError | undefined;
    const silence = new Patience(this.options.silenceMsMax ?? silenceMsMaxDefault, () => {
      late = problem('the camera sends nothing');
      answer.destroy(late);
    });
    const onStop = () => answer.destroy(gone());
    this.stopping.signal.addEventListener('abort', onStop, { once: true });
    try {
      for await (const chunk of answer) {
        silence.refresh();
        for (const { bytes } of push(splitter, chunk as Buffer)) this.hand(bytes);
      }
      return problem('the stream of the camera ended');
    } catch (error) {
      return late ?? (error instanceof AppError ? error : problem('the stream of the camera ended', error));
    } finally {
      silence.end();
      this.stopping.signal.removeEventListener('abort', onStop);
    }
  }

  /** @param deadline by which the whole of the picture has to be here */
  private async readSnapshot(answer: IncomingMessage, deadline: AbortSignal): Promise<void> {
    const splitter = new JpegSplitter({ skipsHeaders: true });
    let count = 0;
    const onDeadline = () =>
      answer.destroy(this.stopping.signal.aborted ? gone() : problem('the camera does not send its picture to the end'));
    deadline.addEventListener('abort', onDeadline, { once: true });
    if (deadline.aborted) onDeadline();
    try {
      for await (const chunk of answer)
        for (const { bytes } of push(splitter, chunk as Buffer)) {
          if (count++ === 0) this.hand(bytes);
        }
    } finally {
      deadline.removeEventListener('abort', onDeadline);
    }
    if (count === 0) throw problem(noJpeg);
  }

  private hand(picture: Buffer): void {
    if (this.sink.writableLength > waitingBytesMax) return;
    this.sink.write(`--picture\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
    this.sink.write(picture);
    this.sink.write('\r\n');
  }
}

const noJpeg = 'the camera sends no JPEG';
const gone = () => new AppError('cancelled', 'the reading was cancelled');

/** In words for a person. */
function whyNoAnswer(error: Error & { code?: string }, { isTls }: { isTls: boolean }): string {
  if (error.code?.startsWith('HPE_')) return 'the camera does not speak HTTP at this address and port';
  if (isTls && (error.code?.startsWith('ERR_SSL_') || hasErrorCode(error, 'EPROTO')))
    return 'the camera does not speak https at this address and port';
  return reasonOf(error, undefined);
}

function push(splitter: JpegSplitter, chunk: Buffer): ReturnType<JpegSplitter['push']> {
  try {
    return splitter.push(chunk);
  } catch (cause) {
    throw problem(noJpeg, cause);
  }
}

/** @throws AppError `unavailable` for an answer without a picture */
function requirePictures(answer: IncomingMessage): void {
  const { statusCode: status = 0 } = answer;
  const type = answer.headers['content-type'] ?? '';
  const hasPictures = status === 200 && (isMultipart(answer) || /^image\/(?:jpe?g|pjpeg)\b/i.test(type));
  if (hasPictures) return;
  answer.destroy();
  if (status >= 300 && status < 400) throw problem('the camera sends us to another address, which is not followed');
  if (status === 404) throw problem('the camera has no pictures at this address');
  if (status === 503) throw problem('the camera has no room for another connection');
  throw problem(
    status === 200 ? 'the camera sends no pictures at this address, but something else' : `the camera answers with status ${status}`,
  );
}

function isMultipart(answer: IncomingMessage): boolean {
  return /^multipart\//i.test(answer.headers['content-type'] ?? '');
}

interface HttpTarget {
  host: string;
  port: number;
  isTls: boolean;
  /** With the query. */
  path: string;
  credentials: CameraCredentials | undefined;
}

/** Whether a camera's address is read over HTTP, and not over RTSP. */
export function isHttpUrl(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

function readHttpTarget(text: string): HttpTarget {
  // The message must not repeat the URL: it holds a password.
  const refused = () => new AppError('invalid_argument', 'the address of such a camera begins with http:// or https://');
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) throw refused();
  const url = new URL(text);
  const isTls = url.protocol === 'https:';
  const credentials =
    url.username === '' ? undefined : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    isTls,
    path: `${url.pathname}${url.search}`,
    credentials,
  };
}
