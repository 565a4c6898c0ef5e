import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AppError } from '@nightjar/runtime';
import { CameraAuthorization } from '../rtsp-relay/camera-authorization.js';
import { problem, reasonOf } from '../rtsp-relay/relayed-connection.js';
import { calmTicks, promptTicks, type ReadTicks } from '../rtsp-relay/read-ticks.js';
import { rewriteSessionDescription } from '../rtsp-relay/rewrite-session-description.js';
import { readTarget, type CameraTarget } from '../rtsp-relay/rtsp-relay.js';
import { headerOf, RtspSplitter, RtspSyntaxError, type RtspMessage } from '../rtsp-relay/rtsp-splitter.js';
import { PacketCutter } from './packet-cutter.js';
import { videoOfDescription, type DescribedVideo } from './video-of-description.js';

/** Longest wait for a connection to the camera, and for its whole answer to one request. */
const answerMsMaxDefault = 10_000;
const readBytesMax = 64 * 1024;
/** A camera that sends more than so many full buffers at a time is read on at the next one: 100 Mbit/s, and others get their turn. */
const fullReadsMax = 16;
const unsentBytesMax = 64 * 1024;
/** What was written last, a TEARDOWN, gets this long to be taken. */
const lingerMs = 1_000;
const sessionSecondsDefault = 60;
const aliveEveryMsMin = 5_000;
const headerValueForm = /^[\x21-\x7e]{1,500}$/;

export interface RtspClientOptions {
  /** `rtsp://` or `rtsps://` with an IP address that was checked, and perhaps credentials. Never log it. */
  readonly url: string;
  readonly answerMsMax?: number | undefined;
  /** Whether the newest picture is looked at now; it is asked at each read. If not, the camera is read less often. */
  readonly isPrompt: () => boolean;
  /** What is going to be sent, before the first packet. It may throw. */
  readonly onVideo: (video: DescribedVideo) => void;
  /** An RTP packet of the video; only good until the callback returns. It may throw. */
  readonly onPacket: (packet: Buffer) => void;
}

interface Pending {
  readonly sequence: number;
  readonly resolve: (answer: RtspMessage) => void;
}

/**
 * A conversation with one camera, packets inside the connection (TCP). As the relay of FFmpeg it connects to the one address that was
 * checked, follows nothing that the camera says, and bounds all of it; under `rtsps` the certificate is not checked.
 */
export class RtspClient {
  private readonly target: CameraTarget;
  private readonly camera: Socket;
  private readonly authorization: CameraAuthorization;
  private readonly splitter = new RtspSplitter();
  private readonly cutter = new PacketCutter((channel, packet) => {
    if (channel === this.channel) this.options.onPacket(packet);
  });
  private readonly buffer = Buffer.allocUnsafeSlow(readBytesMax);
  private sequence = 0;
  private pending: Pending | undefined;
  private session: string | undefined;
  private sessionMs = sessionSecondsDefault * 1_000;
  private channel = 0;
  private isPlaying = false;
  private fullReads = 0;
  private aggregateUrl: string;
  /** At whose next tick the camera is read on; undefined: it is read. */
  private pausedUntil: ReadTicks | undefined;
  private alive: NodeJS.Timeout | undefined;
  private failure: AppError | undefined;
  private fail!: (error: AppError) => void;
  private readonly failed: Promise<never>;

  /** @throws AppError `invalid_argument` for an address that is not RTSP */
  constructor(private readonly options: RtspClientOptions) {
    this.target = readTarget(options.url);
    const { credentials, host, isTls, port, url } = this.target;
    this.aggregateUrl = url;
    this.authorization = new CameraAuthorization(credentials);
    this.failed = new Promise((_resolve, reject) => {
      this.fail = (error) => {
        this.failure ??= error;
        reject(this.failure);
      };
    });
    this.failed.catch(() => undefined);
    const onread: OnReadOpts = { buffer: this.buffer, callback: (bytes) => this.onBytes(bytes) };
    // The types of Node do not know that TLS takes `onread` too.
    this.camera = isTls
      ? connectTls({ host, port, onread, rejectUnauthorized: false } as ConnectionOptions)
      : connect({ host, port, onread });
    this.camera.setNoDelay(true);
    this.camera.on('error', (cause) => this.fail(problem(reasonOf(cause), cause)));
    this.camera.once('close', () => this.fail(problem('the stream of the camera ended')));
  }

  /**
   * Asks the camera to play, and gives its packets out until it goes.
   * @throws AppError `unavailable` with the reason in words for a person; `unprocessable` for a camera or video that needs more than is
   *   understood here; whatever the callbacks threw
   */
  async run(signal: AbortSignal): Promise<never> {
    const onAbort = () => this.fail(new AppError('cancelled', 'the reading was cancelled', { cause: signal.reason }));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await this.within(this.opened(), 'the camera is not reached');
      await this.play();
      return await this.failed;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.end();
    }
  }

  /** Ends `run` with an error of the caller's. */
  giveUp(error: AppError): void {
    this.fail(error);
  }

  private opened(): Promise<void> {
    return new Promise((resolve) => this.camera.once(this.target.isTls ? 'secureConnect' : 'connect', () => resolve()));
  }

  private async play(): Promise<void> {
    const { target } = this;
    const options = await this.ask('OPTIONS', target.url);
    const answer = await this.ask('DESCRIBE', target.url, ['Accept: application/sdp']);
    const named = headerOf(answer, 'content-base') ?? headerOf(answer, 'content-location');
    const text = answer.body.toString('latin1');
    const described = rewriteSessionDescription(text, {
      base: named !== undefined && /^rtsps?:\/\/[\x21-\x7e]{1,1000}$/i.test(named) ? named : target.url,
      relayUrl: target.url,
      trackUrl: String,
    });
    if (!described) throw problem('the camera does not describe its stream');
    this.aggregateUrl = described.aggregateUrl;
    const video = videoOfDescription(text);
    const trackUrl = video && described.trackUrls[video.track];
    if (!video || trackUrl === undefined) throw notUnderstood('its video');
    this.options.onVideo(video);
    await this.setUp(trackUrl);
    this.isPlaying = true;
    await this.ask('PLAY', this.aggregateUrl, ['Range: npt=0.000-']);
    const method = /\bGET_PARAMETER\b/.test(headerOf(options, 'public') ?? '') ? 'GET_PARAMETER' : 'OPTIONS';
    this.keepAlive(method);
  }

  private async setUp(trackUrl: string): Promise<void> {
    const answer = await this.ask('SETUP', trackUrl, ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);
    const transport = headerOf(answer, 'transport') ?? '';
    const channel = /\binterleaved=(\d{1,3})/i.exec(transport)?.[1];
    if (!/^RTP\/AVP\/TCP/i.test(transport) || channel === undefined) throw notUnderstood('its transport');
    this.channel = Number(channel);
    const [session = '', ...parameters] = (headerOf(answer, 'session') ?? '').split(';').map((part) => part.trim());
    if (headerValueForm.test(session)) this.session = session;
    const seconds = parameters.map((text) => /^timeout=(\d{1,5})$/i.exec(text)?.[1]).find((found) => found !== undefined);
    if (seconds !== undefined) this.sessionMs = Number(seconds) * 1_000;
  }

  /** A session that hears nothing ends; some cameras ask for a sign of life though the connection is open. */
  private keepAlive(method: 'GET_PARAMETER' | 'OPTIONS'): void {
    this.alive = setInterval(
      () => {
        if (!this.pending) this.ask(method, this.aggregateUrl).catch(() => undefined);
      },
      Math.max(aliveEveryMsMin, this.sessionMs / 2),
    );
  }

  /** @throws AppError as `run` */
  private async ask(method: string, url: string, headers: readonly string[] = []): Promise<RtspMessage> {
    for (;;) {
      const authorization = this.authorization.headerFor(method, url);
      const answer = await this.within(this.send({ method, url, headers, authorization }), 'the camera does not answer');
      const status = Number(answer.startLine.slice(9, 12));
      if (status === 200) return answer;
      // A sign of life that the camera does not know was one all the same.
      if (this.isPlaying && method !== 'PLAY') return answer;
      if (status >= 300 && status < 400) throw problem('the camera sends us to another address, which is not followed');
      if (status === 404) throw problem('the camera has no stream at this address');
      if (status !== 401) throw notUnderstood(`${method} with ${status}`);
      if (!this.authorization.accept(answer.headers.get('www-authenticate') ?? [], authorization !== undefined))
        throw problem('the camera refuses the user name or the password');
    }
  }

  private send(request: {
    method: string;
    url: string;
    headers: readonly string[];
    authorization: string | undefined;
  }): Promise<RtspMessage> {
    const { authorization, headers, method, url } = request;
    const sequence = ++this.sequence;
    const lines = [
      `${method} ${url} RTSP/1.0`,
      `CSeq: ${sequence}`,
      'User-Agent: Nightjar',
      ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
      ...(this.session === undefined ? [] : [`Session: ${this.session}`]),
      ...headers,
    ];
    return new Promise((resolve) => {
      this.pending = { sequence, resolve };
      this.camera.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
  }

  private async within<Value>(work: Promise<Value>, said: string): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(problem(said)), this.options.answerMsMax ?? answerMsMaxDefault);
    });
    try {
      return await Promise.race([work, this.failed, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @returns true: read on */
  private onBytes(bytes: number): boolean {
    if (this.failure) return true;
    try {
      for (const part of this.splitter.push(this.buffer.subarray(0, bytes))) {
        if (part.kind === 'media') this.cutter.push(part.bytes);
        else if (part.message.startLine.startsWith('RTSP/')) this.takeAnswer(part.message);
        else this.refuse(part.message);
      }
    } catch (error) {
      const said = error instanceof RtspSyntaxError ? `the camera does not speak RTSP: ${error.message}` : 'the reader failed';
      this.fail(error instanceof AppError ? error : problem(said, error));
      return true;
    }
    this.pace(bytes);
    return true;
  }

  private pace(bytes: number): void {
    // A full buffer: there is more already.
    const readsOn = bytes === readBytesMax && ++this.fullReads < fullReadsMax;
    if (!this.isPlaying || this.pending || this.pausedUntil || readsOn) return;
    this.fullReads = 0;
    this.camera.pause();
    this.pausedUntil = this.options.isPrompt() ? promptTicks : calmTicks;
    this.pausedUntil.wait(this.onTick);
  }

  private readonly onTick = (): void => {
    this.pausedUntil = undefined;
    this.camera.resume();
  };

  private takeAnswer(answer: RtspMessage): void {
    const { pending } = this;
    const sequence = headerOf(answer, 'cseq');
    // Late answers to what was asked before, and interim ones, are nobody's.
    if (!pending || answer.startLine.startsWith('RTSP/1.0 1') || (sequence !== undefined && Number(sequence) !== pending.sequence)) return;
    this.pending = undefined;
    pending.resolve(answer);
  }

  /** Some cameras ask too (OPTIONS as a sign of life); nobody here obeys them. */
  private refuse(request: RtspMessage): void {
    if (request.startLine.startsWith('REDIRECT')) throw problem('the camera sends us to another address, which is not followed');
    if (this.camera.writableLength > unsentBytesMax) throw problem('the camera does not read what it asked for');
    const sequence = headerOf(request, 'cseq') ?? '0';
    this.camera.write(`RTSP/1.0 501 Not Implemented\r\nCSeq: ${/^\d{1,10}$/.test(sequence) ? sequence : '0'}\r\n\r\n`);
  }

  private end(): void {
    this.pausedUntil?.forget(this.onTick);
    clearInterval(this.alive);
    this.fail(problem('the reading is over'));
    const { camera } = this;
    if (this.isPlaying && !camera.destroyed && this.session !== undefined && camera.writable) this.tearDown();
    camera.resume();
    camera.destroySoon();
    setTimeout(() => camera.destroy(), lingerMs).unref();
  }

  /** A camera has few sessions; one that was not ended lives on for a minute. */
  private tearDown(): void {
    const authorization = this.authorization.headerFor('TEARDOWN', this.aggregateUrl);
    void this.send({ method: 'TEARDOWN', url: this.aggregateUrl, headers: [], authorization });
  }
}

function notUnderstood(what: string): AppError {
  return new AppError('unprocessable', `the camera is not understood: ${what}`);
}
