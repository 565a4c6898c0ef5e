import { credentialsRefused, problem } from '../camera-problem.js';
import { Patience } from '../patience.js';
import { CameraAuthorization, type CameraCredentials } from '../rtsp-relay/camera-authorization.js';
import { headerOf, type RtspMessage } from '../rtsp-relay/rtsp-splitter.js';

/** A camera that asks who we are more often for one request is not satisfied by anything. */
const challengesMax = 3;

interface RtspRequestsOptions {
  readonly credentials: CameraCredentials | undefined;
  readonly write: (text: string) => void;
  /** Rejects when the connection ends: nothing is waited for any more. */
  readonly failed: Promise<never>;
  /** Longest wait for a whole answer. */
  readonly answerMsMax: number;
}

interface Pending {
  readonly sequence: number;
  readonly resolve: (answer: RtspMessage) => void;
}

/** Requests to one camera, one after the other, and its answers to them. */
export class RtspRequests {
  /** As the camera named it; sent with all further requests. */
  session: string | undefined;
  private readonly authorization: CameraAuthorization;
  private sequence = 0;
  private pending: Pending | undefined;
  /** The camera took the user name and the password once. */
  private isKnown = false;
  /** Of those who wait, each until its wait is over. */
  private readonly refusals = new Set<(error: unknown) => void>();
  private ended: { error: unknown } | undefined;

  constructor(private readonly options: RtspRequestsOptions) {
    this.authorization = new CameraAuthorization(options.credentials);
    options.failed.catch((error: unknown) => {
      this.ended = { error };
      for (const refuse of this.refusals) refuse(error);
    });
  }

  /** Whether an answer is waited for. */
  get isWaiting(): boolean {
    return this.pending !== undefined;
  }

  /**
   * Sends a request, and again with the password where the camera asks for it.
   * @returns the answer, whatever its status
   * @throws AppError `unavailable` without an answer in time, or when the camera refuses the password
   */
  async ask(method: string, url: string, headers: readonly string[] = []): Promise<RtspMessage> {
    for (let challenges = 0; ; challenges++) {
      const authorization = this.authorization.headerFor(method, url);
      const answer = await this.within(this.send({ method, url, headers, authorization }), 'the camera does not answer');
      if (statusOf(answer) !== 401) {
        this.isKnown ||= authorization !== undefined;
        return answer;
      }
      // Who took the password before means a nonce that is no longer good, also where he does not call it stale.
      const wasRefused = authorization !== undefined && !(this.isKnown && challenges === 0);
      const isWorthAnother = this.authorization.accept(answer.headers.get('www-authenticate') ?? [], wasRefused);
      if (!isWorthAnother || challenges >= challengesMax) throw problem(credentialsRefused);
    }
  }

  /** Sends a request whose answer nobody waits for. */
  tell(method: string, url: string): void {
    this.write({ method, url, headers: [], authorization: this.authorization.headerFor(method, url) });
  }

  /** Takes an answer. Late ones to what was asked before, and interim ones, are nobody's. */
  take(answer: RtspMessage): void {
    const { pending } = this;
    const sequence = headerOf(answer, 'cseq');
    if (!pending || statusOf(answer) < 200 || (sequence !== undefined && Number(sequence) !== pending.sequence)) return;
    this.pending = undefined;
    pending.resolve(answer);
  }

  /** @throws AppError `unavailable` with this reason when it takes too long, or what ended the connection */
  async within<Value>(work: Promise<Value>, said: string): Promise<Value> {
    if (this.ended) throw this.ended.error;
    let refuse: (error: unknown) => void = () => undefined;
    // No race with the end of the connection: that promise would keep each answer for as long as the connection lives.
    const refused = new Promise<never>((_resolve, reject) => {
      refuse = reject;
    });
    const patience = new Patience(this.options.answerMsMax, () => refuse(problem(said)));
    this.refusals.add(refuse);
    try {
      return await Promise.race([work, refused]);
    } finally {
      patience.end();
      this.refusals.delete(refuse);
      this.pending = undefined;
    }
  }

  private send(request: Parameters<RtspRequests['write']>[0]): Promise<RtspMessage> {
    return new Promise((resolve) => {
      this.pending = { sequence: this.sequence + 1, resolve };
      this.write(request);
    });
  }

  private write(request: { method: string; url: string; headers: readonly string[]; authorization: string | undefined }): void {
    const { authorization, headers, method, url } = request;
    const lines = [
      `${method} ${url} RTSP/1.0`,
      `CSeq: ${++this.sequence}`,
      'User-Agent: Nightjar',
      ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
      ...(this.session === undefined ? [] : [`Session: ${this.session}`]),
      ...headers,
    ];
    this.options.write(`${lines.join('\r\n')}\r\n\r\n`);
  }
}

/** Of an answer. */
export function statusOf(answer: RtspMessage): number {
  return Number(answer.startLine.slice(9, 12));
}
