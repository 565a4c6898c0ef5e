import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AppError } from '@nightjar/runtime';
import { notEncrypted, problem, reasonOf } from '../camera-problem.js';
import { calmTicks, promptTicks } from '../rtsp-relay/read-ticks.js';
import { rewriteSessionDescription } from '../rtsp-relay/rewrite-session-description.js';
import { readTarget, type CameraTarget } from '../rtsp-relay/rtsp-relay.js';
import { headerOf, RtspSplitter, RtspSyntaxError, type RtspMessage } from '../rtsp-relay/rtsp-splitter.js';
import { PacketCutter } from './packet-cutter.js';
import { ReadPace } from './read-pace.js';
import { interleave, isControlPacket, ReceiverReports } from './receiver-reports.js';
import { RtspRequests, statusOf } from './rtsp-requests.js';
import { readSetup } from './setup-answer.js';
import { videoOfDescription, type DescribedVideo } from './video-of-description.js';

/** Longest wait for a connection to the camera, and for its whole answer to one request. */
const answerMsMaxDefault = 10_000;
const readBytesMax = 64 * 1024;
/** A camera that sends more than so many full buffers at a time is read on at the next one: 100 Mbit/s, and others get their turn. */
const fullReadsMax = 16;
const unsentBytesMax = 64 * 1024;
/** What was written last, a TEARDOWN, gets this long to be taken. */
const lingerMs = 1_000;
/** A sign of life at half of a session's time, and not less often than half of the usual one. */
const aliveEveryMsMin = 1_000;
const aliveEveryMsMax = 30_000;
/** As often as RFC 3550 asks of a small session. */
const reportEveryMsDefault = 5_000;

interface RtspClientOptions {
  /** `rtsp://` or `rtsps://` with an IP address that was checked, and perhaps credentials. Never log it. */
  readonly url: string;
  readonly answerMsMax?: number | undefined;
  /** How often the camera is told which packets came. */
  readonly reportEveryMs?: number | undefined;
  /** Whether the newest picture is looked at now; it is asked at each read. If not, the camera is read less often. */
  readonly isPrompt: () => boolean;
  /** When the next picture is needed, if it is: `ReadUnitsOptions.pictureDueMs`. */
  readonly pictureDueMs?: (() => number) | undefined;
  /** What is going to be sent, before the first packet. It may throw. */
  readonly onVideo: (video: DescribedVideo) => void;
  /** An RTP packet of the video; only good until the callback returns. It may throw. */
  readonly onPacket: (packet: Buffer) => void;
}

/**
 * A conversation with one camera, packets inside the connection (TCP). As the relay of FFmpeg it connects to the one address that was
 * checked, follows nothing that the camera says, and bounds all of it; under `rtsps` the certificate is not checked.
 */
export class RtspClient {
  private readonly target: CameraTarget;
  private readonly camera: Socket;
  private readonly requests: RtspRequests;
  private readonly splitter = new RtspSplitter();
  private readonly cutter = new PacketCutter((channel, packet) => this.takePacket(channel, packet));
  private readonly reports = new ReceiverReports();
  private readonly buffer = Buffer.allocUnsafeSlow(readBytesMax);
  private video: DescribedVideo | undefined;
  private channels = { media: 0, control: 1 };
  private sessionMs = 0;
  private hasMedia = false;
  private isPlaying = false;
  private fullReads = 0;
  private aggregateUrl: string;
  private readonly readPace = new ReadPace();
  /** Until the next tick. */
  private isPaused = false;
  private readonly timers: NodeJS.Timeout[] = [];
  private failure: AppError | undefined;
  private fail!: (error: AppError) => void;
  private readonly failed: Promise<never>;

  /** @throws AppError `invalid_argument` for an address that is not RTSP */
  constructor(private readonly options: RtspClientOptions) {
    this.target = readTarget(options.url);
    const { credentials, host, isTls, port, url } = this.target;
    this.aggregateUrl = url;
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
    this.camera.on('error', (cause) => this.fail(problem(reasonOf(cause, this.camera), cause)));
    this.camera.once('close', () => this.fail(problem('the stream of the camera ended')));
    this.requests = new RtspRequests({
      credentials,
      write: (text) => this.camera.write(text),
      failed: this.failed,
      answerMsMax: options.answerMsMax ?? answerMsMaxDefault,
    });
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
      await this.requests.within(this.opened('connect'), 'the camera is not reached');
      if (this.target.isTls) await this.requests.within(this.opened('secureConnect'), notEncrypted);
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

  private opened(event: 'connect' | 'secureConnect'): Promise<void> {
    return new Promise((resolve) => this.camera.once(event, () => resolve()));
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
    this.video = video;
    this.options.onVideo(video);
    await this.setUp(trackUrl);
    this.isPlaying = true;
    await this.ask('PLAY', this.aggregateUrl, ['Range: npt=0.000-']);
    this.keepAlive(/\bGET_PARAMETER\b/.test(headerOf(options, 'public') ?? '') ? 'GET_PARAMETER' : 'OPTIONS');
  }

  private async setUp(trackUrl: string): Promise<void> {
    const { media, control } = this.channels;
    const answer = await this.ask('SETUP', trackUrl, [`Transport: RTP/AVP/TCP;unicast;interleaved=${media}-${control}`]);
    const setup = readSetup(answer, media);
    if (!setup) throw notUnderstood('its transport');
    this.channels = setup.channels;
    this.requests.session = setup.session;
    this.sessionMs = setup.sessionMs;
  }

  /** A session that hears nothing ends: some cameras wait for requests, some for reports, though the connection is open. */
  private keepAlive(method: 'GET_PARAMETER' | 'OPTIONS'): void {
    const everyMs = Math.min(aliveEveryMsMax, Math.max(aliveEveryMsMin, this.sessionMs / 2));
    let sign: typeof method = method;
    const live = async () => {
      const answer = await this.requests.ask(sign, this.aggregateUrl);
      if (statusOf(answer) !== 200) sign = 'OPTIONS';
    };
    const alive = setInterval(() => {
      // A sign of life that is not answered was one all the same.
      if (!this.requests.isWaiting && this.camera.writableLength <= unsentBytesMax) live().catch(() => undefined);
    }, everyMs);
    const reports = setInterval(() => this.sendReport(), this.options.reportEveryMs ?? reportEveryMsDefault);
    this.timers.push(alive, reports);
  }

  private sendReport(): void {
    const report = this.reports.report(performance.now());
    if (report && this.camera.writableLength <= unsentBytesMax) this.camera.write(interleave(this.channels.control, report));
  }

  /** @throws AppError as `run` */
  private async ask(method: string, url: string, headers: readonly string[] = []): Promise<RtspMessage> {
    const answer = await this.requests.ask(method, url, headers);
    const status = statusOf(answer);
    if (status === 200) return answer;
    if (status >= 300 && status < 400) throw problem('the camera sends us to another address, which is not followed');
    if (status === 404) throw problem('the camera has no stream at this address');
    // FFmpeg would be one more of them.
    if (status === 453 || status === 503) throw problem('the camera has no room for another connection');
    throw notUnderstood(`${method} with ${status}`);
  }

  /** @returns true: read on */
  private onBytes(bytes: number): boolean {
    if (this.failure) return true;
    try {
      for (const part of this.splitter.push(this.buffer.subarray(0, bytes))) {
        if (part.kind === 'media') this.cutter.push(part.bytes);
        else if (part.message.startLine.startsWith('RTSP/')) this.requests.take(part.message);
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

  private takePacket(channel: number, packet: Buffer): void {
    if (isControlPacket(packet)) return this.takeControl(channel, packet);
    if (channel !== this.channels.media && !this.adopts(channel, packet)) return;
    this.hasMedia = true;
    this.reports.take(packet);
    this.options.onPacket(packet);
  }

  /** Some cameras say one channel and send on another. @returns whether this packet is of the video, of which none came so far */
  private adopts(channel: number, packet: Buffer): boolean {
    const isVideo = (packet[0] ?? 0) >> 6 === 2 && ((packet[1] ?? 0) & 0x7f) === this.video?.payloadType;
    if (this.hasMedia || !isVideo) return false;
    this.channels = { media: channel, control: (channel + 1) % 256 };
    return true;
  }

  private takeControl(channel: number, packet: Buffer): void {
    if (channel === this.channels.control && this.reports.takeControl(packet, performance.now()))
      throw problem('the stream of the camera ended');
  }

  private pace(bytes: number): void {
    this.readPace.took(bytes);
    // A full buffer: there is more already.
    const readsOn = bytes === readBytesMax && ++this.fullReads < fullReadsMax;
    if (!this.isPlaying || this.requests.isWaiting || this.isPaused || readsOn) return;
    this.fullReads = 0;
    this.isPaused = true;
    this.camera.pause();
    const { isPrompt, pictureDueMs } = this.options;
    if (pictureDueMs) promptTicks.wait(this.onTick, this.readPace.next(performance.now(), isPrompt() ? pictureDueMs() : Infinity));
    else (isPrompt() ? promptTicks : calmTicks).wait(this.onTick);
  }

  private readonly onTick = (): void => {
    this.isPaused = false;
    this.camera.resume();
  };

  /** Some cameras ask too (OPTIONS as a sign of life); nobody here obeys them. */
  private refuse(request: RtspMessage): void {
    if (request.startLine.startsWith('REDIRECT')) throw problem('the camera sends us to another address, which is not followed');
    if (this.camera.writableLength > unsentBytesMax) throw problem('the camera does not read what it asked for');
    const sequence = headerOf(request, 'cseq') ?? '0';
    this.camera.write(`RTSP/1.0 501 Not Implemented\r\nCSeq: ${/^\d{1,10}$/.test(sequence) ? sequence : '0'}\r\n\r\n`);
  }

  private end(): void {
    for (const ticks of [promptTicks, calmTicks]) ticks.forget(this.onTick);
    for (const timer of this.timers) clearInterval(timer);
    this.fail(problem('the reading is over'));
    const { camera, requests } = this;
    // A camera has few sessions; one that was not ended lives on for a minute.
    if (this.isPlaying && !camera.destroyed && requests.session !== undefined && camera.writable)
      requests.tell('TEARDOWN', this.aggregateUrl);
    camera.resume();
    camera.destroySoon();
    setTimeout(() => camera.destroy(), lingerMs).unref();
  }
}

function notUnderstood(what: string): AppError {
  return new AppError('unprocessable', `the camera is not understood: ${what}`);
}
