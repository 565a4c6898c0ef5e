import type { OnReadOpts, Socket } from 'node:net';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import type { CameraAuthorization } from './camera-authorization.js';
import { calmTicks, promptTicks, type ReadTicks } from './read-ticks.js';
import { RelayedMedia } from './relayed-media.js';
import { rewriteSessionDescription, type DescribedTrack } from './rewrite-session-description.js';
import { headerOf, RtspSplitter, RtspSyntaxError, type RtspMessage } from './rtsp-splitter.js';
import { cameraTransport, clientTransport, keepHeader, packetInfo } from './relayed-headers.js';
import { grantedChannels, grantedUdp, refusesTcp, requestedChannels, type CameraTransport } from './transport-header.js';
import { UdpMedia } from './udp-media.js';
import type { UdpTrack } from './udp-track.js';

/** Longest wait for a connection to the camera, and for its whole answer to one request. */
const answerMsMaxDefault = 10_000;
/** A camera that plays and sends nothing at all; those who read its frames notice sooner when no frame comes. */
const silenceMsMax = 20_000;
/** What a side that does not read may leave in our memory: beyond it the other side is not read (media), or the connection ends. */
const unsentBytesMax = 256 * 1024;
/** A camera that sends over UDP can't be made to wait. Full: packets are lost as they are in a network. */
const unsentUdpBytesMax = 4 * 1024 * 1024;
/** What was sent last gets this long to be taken. */
const lingerMs = 2_000;
/** What a camera sends over UDP is handed on at this pace; the system keeps less of it than of a connection. */
const udpEveryMs = 80;
const readBytesMax = 64 * 1024;
const requestsWaitingMax = 8;

const methods: ReadonlySet<string> = new Set([
  ...['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'GET_PARAMETER', 'SET_PARAMETER', 'TEARDOWN'],
]);
const requestHeaders = ['accept', 'session', 'range', 'scale', 'blocksize'];
const responseHeaders = ['public', 'session', 'range', 'scale'];
const reasons: Readonly<Record<number, string>> = { 200: 'OK', 401: 'Unauthorized', 404: 'Not Found', 461: 'Unsupported Transport' };

export interface RelayedConnectionOptions {
  /** FFmpeg's connection, with what was read of it. */
  readonly client: Socket;
  readonly clientSplitter: RtspSplitter;
  readonly firstRequests: readonly RtspMessage[];
  /** Begins to connect to the address that was checked; no other is ever opened. */
  readonly dial: (onread: OnReadOpts) => Socket;
  /** Event of the dialled socket that says it is open: `connect`, or `secureConnect` under TLS. */
  readonly openedEvent: 'connect' | 'secureConnect';
  /** The camera's address as it is asked for, without credentials. */
  readonly cameraUrl: string;
  /** The relay's own, as FFmpeg knows it. */
  readonly relayUrl: string;
  readonly authorization: CameraAuthorization;
  readonly transport: CameraTransport;
  /** Whether the newest picture is looked at now; it is asked at each read. */
  readonly isPrompt: () => boolean;
  /** Whether FFmpeg is to hear AAC too. */
  readonly withSound: boolean;
  readonly onDescribed: (tracks: readonly DescribedTrack[]) => void;
  readonly answerMsMax?: number | undefined;
  /** @param problem undefined when FFmpeg ended it */
  readonly onEnd: (problem: AppError | undefined) => void;
}

interface AskedRequest {
  readonly request: RtspMessage;
  readonly method: string;
  readonly url: string;
  /** Of a SETUP over UDP. */
  readonly track: UdpTrack | undefined;
}

interface PendingRequest extends AskedRequest {
  readonly cameraSequence: number;
  readonly wasAuthorized: boolean;
}

/** One conversation between FFmpeg and a camera with us in between. Ends when either side does. */
export class RelayedConnection {
  private readonly camera: Socket;
  private readonly cameraSplitter = new RtspSplitter();
  /** What is read into; taken again as soon as FFmpeg has all of it, which is nearly always at once. */
  private buffer = Buffer.allocUnsafeSlow(readBytesMax);
  private isBufferFree = true;
  private readonly requests: RtspMessage[] = [];
  private pending: PendingRequest | undefined;
  private sequence = 0;
  private isOpen = false;
  private isPlaying = false;
  private isClientFull = false;
  /** At whose next tick the camera is read on; undefined: it is read. */
  private pausedUntil: ReadTicks | undefined;
  private ended = false;
  private aggregateUrl: string;
  private trackUrls: readonly string[] = [];
  private tracks: readonly DescribedTrack[] = [];
  private readonly media = new RelayedMedia();
  private deadline: NodeJS.Timeout | undefined;
  private silence: NodeJS.Timeout | undefined;
  private udp: UdpMedia | undefined;
  private isOverUdp: boolean;
  private isOpeningPorts = false;

  constructor(private readonly options: RelayedConnectionOptions) {
    const { client, dial, firstRequests, openedEvent } = options;
    const camera = dial({ buffer: () => this.freeBuffer(), callback: (bytes) => this.onCameraBytes(bytes) });
    this.camera = camera;
    this.aggregateUrl = options.cameraUrl;
    this.isOverUdp = options.transport === 'udp';
    this.requests.push(...firstRequests);
    client.on('data', (chunk: Buffer) => this.guard(() => this.readClient(chunk)));
    client.on('drain', () => {
      this.isClientFull = false;
      this.readOn();
    });
    client.once('close', () => this.end(undefined));
    camera.setNoDelay(true);
    camera.once(openedEvent, () => {
      this.isOpen = true;
      this.expectAnswer(false);
      this.guard(() => this.sendNext());
    });
    camera.on('error', (cause) => this.end(problem(reasonOf(cause), cause)));
    camera.once('close', () => this.end(problem('the stream of the camera ended')));
    this.expectAnswer(true);
  }

  /** Ends both sides at once. */
  close(): void {
    this.end(undefined);
    this.options.client.destroy();
    this.camera.destroy();
  }

  private guard(work: () => void): void {
    if (this.ended) return;
    try {
      work();
    } catch (error) {
      const said = error instanceof RtspSyntaxError ? `the camera does not speak RTSP: ${error.message}` : 'the relay failed';
      this.end(error instanceof AppError ? error : problem(said, error));
    }
  }

  private readClient(chunk: Buffer): void {
    for (const part of this.options.clientSplitter.push(chunk)) {
      // FFmpeg's receiver reports: a camera that does not read them goes without.
      if (part.kind === 'media') {
        if (this.udp) this.udp.sendReports(part.bytes);
        else if (this.isOpen && this.camera.writableLength < unsentBytesMax) this.camera.write(part.bytes);
      } else if (this.requests.push(part.message) > requestsWaitingMax) throw problem('FFmpeg asks faster than the camera answers');
    }
    this.sendNext();
  }

  private sendNext(): void {
    if (!this.isOpen || this.pending || this.isOpeningPorts) return;
    const request = this.requests.shift();
    if (!request) return;
    const [method = '', url = ''] = request.startLine.split(' ');
    if (!methods.has(method)) throw problem('FFmpeg asks for what cameras do not do');
    const asked = { request, method, url: this.cameraUrlOf(url), track: undefined };
    if (method === 'SETUP' && this.isOverUdp) this.setUpOverUdp(asked);
    else this.ask(asked);
  }

  /** Asks the camera to send beside the connection, to two ports of ours; FFmpeg gets its packets inside of its own. */
  private setUpOverUdp(asked: AskedRequest): void {
    const channel = requestedChannels(headerOf(asked.request, 'transport')).packets;
    const { localAddress, remoteAddress: cameraAddress } = this.camera;
    if (localAddress === undefined || cameraAddress === undefined) throw problem('the camera cut the connection');
    this.udp ??= new UdpMedia({
      everyMs: udpEveryMs,
      onPacket: () => void this.silence?.refresh(),
      onMedia: (bytes) => {
        if (this.options.client.writableLength < unsentUdpBytesMax) this.options.client.write(this.media.pass(bytes));
      },
    });
    this.isOverUdp = true;
    this.isOpeningPorts = true;
    this.udp.open(channel, { localAddress, cameraAddress }).then(
      (track) => {
        this.isOpeningPorts = false;
        this.guard(() => this.ask({ ...asked, track }));
      },
      (error: unknown) => this.end(error instanceof AppError ? error : problem('the relay failed', error)),
    );
  }

  /** The camera's address behind one of ours. */
  private cameraUrlOf(url: string): string {
    const { relayUrl } = this.options;
    const track = url.startsWith(`${relayUrl}/track/`) ? Number(url.slice(`${relayUrl}/track/`.length)) : undefined;
    const found =
      track === undefined ? (url === relayUrl || url === `${relayUrl}/` ? this.aggregateUrl : undefined) : this.trackUrls[track];
    if (found === undefined) throw problem('FFmpeg asks for an address that the camera did not give');
    return found;
  }

  private ask({ request, method, track, url }: AskedRequest): void {
    const authorization = this.options.authorization.headerFor(method, url);
    const cameraSequence = ++this.sequence;
    const kept = requestHeaders.flatMap((name) => keepHeader(request, name));
    const lines = [
      `${method} ${url} RTSP/1.0`,
      `CSeq: ${cameraSequence}`,
      'User-Agent: Nightjar',
      ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
      ...(method === 'SETUP' ? [`Transport: ${cameraTransport(request, track?.clientPorts)}`] : []),
      ...kept,
    ];
    this.pending = { request, method, url, track, cameraSequence, wasAuthorized: authorization !== undefined };
    this.expectAnswer(true);
    this.camera.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  private freeBuffer(): Buffer {
    if (!this.isBufferFree) this.buffer = Buffer.allocUnsafeSlow(readBytesMax);
    this.isBufferFree = true;
    return this.buffer;
  }

  /** @returns whether to read on; else `readOn` does */
  private onCameraBytes(bytes: number): boolean {
    this.guard(() => this.readCamera(this.buffer.subarray(0, bytes)));
    // What the system did not take at once still lies in the buffer.
    this.isBufferFree = this.options.client.writableLength === 0;
    return this.ended || !(this.isClientFull || this.pausedUntil);
  }

  private readCamera(chunk: Buffer): void {
    this.silence?.refresh();
    for (const part of this.cameraSplitter.push(chunk)) {
      if (this.ended) return;
      if (part.kind === 'media') this.forward(part.bytes);
      else if (part.message.startLine.startsWith('RTSP/')) this.takeAnswer(part.message);
      else this.refuseRequest(part.message);
    }
    // A full buffer: there is more already.
    if (!this.isPlaying || this.pending || this.pausedUntil || chunk.length === readBytesMax || this.media.isSettling) return;
    this.pausedUntil = this.options.isPrompt() ? promptTicks : calmTicks;
    this.pausedUntil.wait(this.onTick);
  }

  /** A full FFmpeg is waited for, and with it the camera: TCP tells it. */
  private forward(bytes: Buffer): void {
    const { client } = this.options;
    // The stream calls itself full before it knows that the system took everything.
    if (!client.write(this.media.pass(bytes)) && client.writableLength > 0) this.isClientFull = true;
  }

  private readonly onTick = (): void => {
    this.pausedUntil = undefined;
    this.readOn();
  };

  private readOn(): void {
    if (!this.isClientFull && !this.pausedUntil) this.camera.resume();
  }

  private takeAnswer(answer: RtspMessage): void {
    const { pending } = this;
    const sequence = headerOf(answer, 'cseq');
    const status = Number(answer.startLine.slice(9, 12));
    // Late answers to what was asked before, and interim ones, are nobody's.
    if (!pending || status < 200 || (sequence !== undefined && Number(sequence) !== pending.cameraSequence)) return;
    this.pending = undefined;
    this.expectAnswer(false);
    if (status >= 300 && status < 400) throw problem('the camera sends us to another address, which is not followed');
    const { authorization } = this.options;
    if (status === 401 && authorization.accept(answer.headers.get('www-authenticate') ?? [], pending.wasAuthorized))
      return this.ask(pending);
    if (pending.method === 'SETUP' && this.isSetUpAnew(pending, answer, status)) return;
    this.answerClient(pending, answer, status);
    if (status === 401) throw problem('the camera refuses the user name or the password');
    if (status === 404) throw problem('the camera has no stream at this address');
    if (pending.method === 'SETUP' && status === 200) this.addMedium(pending, answer);
    if (pending.method === 'PLAY' && status === 200) this.startSilence();
    this.sendNext();
  }

  /**
   * Looks at how the camera means to send.
   * @returns whether it was asked again, for packets beside the connection
   * @throws AppError `unavailable` when it does not send in the way that is wanted
   */
  private isSetUpAnew(pending: PendingRequest, answer: RtspMessage, status: number): boolean {
    const header = headerOf(answer, 'transport');
    const { transport } = this.options;
    if (!pending.track) {
      if (!refusesTcp(status, header)) return false;
      if (transport !== 'auto') throw problem('the camera does not send over TCP');
      this.setUpOverUdp(pending);
      return true;
    }
    const granted = status === 200 ? grantedUdp(header) : undefined;
    if (granted) pending.track.accept(granted.serverPorts);
    else if (status !== 401 && status !== 404)
      throw problem(transport === 'udp' ? 'the camera does not send over UDP' : 'the camera sends neither over TCP nor over UDP');
    return false;
  }

  private answerClient(pending: PendingRequest, answer: RtspMessage, status: number): void {
    const description = pending.method === 'DESCRIBE' && status === 200 ? this.describe(pending, answer) : '';
    const lines = [
      `RTSP/1.0 ${status} ${reasons[status] ?? 'Refused'}`,
      `CSeq: ${headerOf(pending.request, 'cseq') ?? '0'}`,
      ...responseHeaders.flatMap((name) => keepHeader(answer, name)),
      ...(pending.method === 'SETUP' && status === 200
        ? [`Transport: ${clientTransport(pending.request, pending.track ? undefined : answer)}`]
        : []),
      ...(pending.method === 'PLAY' && status === 200
        ? packetInfo(headerOf(answer, 'rtp-info'), this.trackUrls, this.options.relayUrl)
        : []),
      ...(description === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${Buffer.byteLength(description, 'latin1')}`,
    ];
    this.options.client.write(`${lines.join('\r\n')}\r\n\r\n${description}`, 'latin1');
  }

  private describe(pending: PendingRequest, answer: RtspMessage): string {
    const { relayUrl } = this.options;
    const named = headerOf(answer, 'content-base') ?? headerOf(answer, 'content-location');
    const rewritten = rewriteSessionDescription(answer.body.toString('latin1'), {
      base: named !== undefined && /^rtsps?:\/\/[\x21-\x7e]{1,1000}$/i.test(named) ? named : pending.url,
      relayUrl,
      trackUrl: (track) => `${relayUrl}/track/${track}`,
      keepsSound: this.options.withSound,
    });
    if (!rewritten) throw problem('the camera does not describe its stream');
    this.aggregateUrl = rewritten.aggregateUrl;
    this.trackUrls = rewritten.trackUrls;
    this.tracks = rewritten.tracks;
    this.options.onDescribed(rewritten.tracks);
    return rewritten.text;
  }

  /** Some cameras ask too (OPTIONS as a sign of life); nobody here obeys them. */
  private refuseRequest(request: RtspMessage): void {
    if (request.startLine.startsWith('REDIRECT')) throw problem('the camera sends us to another address, which is not followed');
    if (this.camera.writableLength > unsentBytesMax) throw problem('the camera does not read what it asked for');
    const sequence = headerOf(request, 'cseq') ?? '0';
    this.camera.write(`RTSP/1.0 501 Not Implemented\r\nCSeq: ${/^\d{1,10}$/.test(sequence) ? sequence : '0'}\r\n\r\n`);
  }

  private addMedium({ request, track, url }: PendingRequest, answer: RtspMessage): void {
    const described = this.tracks[this.trackUrls.indexOf(url)];
    if (!described) return;
    const requested = requestedChannels(headerOf(request, 'transport')).packets;
    const granted = /=(\d+)/.exec(grantedChannels(headerOf(answer, 'transport')) ?? '')?.[1];
    this.media.add(track || granted === undefined ? requested : Number(granted), described);
  }

  private startSilence(): void {
    this.isPlaying = true;
    if (this.options.withSound) this.media.begin();
    this.silence ??= setTimeout(() => this.end(problem('the camera sends nothing')), silenceMsMax);
  }

  private expectAnswer(isExpected: boolean): void {
    clearTimeout(this.deadline);
    if (isExpected && !this.ended)
      this.deadline = setTimeout(
        () => this.end(problem(this.isOpen ? 'the camera does not answer' : 'the camera is not reached')),
        this.options.answerMsMax ?? answerMsMaxDefault,
      );
  }

  private end(why: AppError | undefined): void {
    if (this.ended) return;
    this.ended = true;
    for (const timer of [this.deadline, this.silence]) clearTimeout(timer);
    this.pausedUntil?.forget(this.onTick);
    this.udp?.close();
    for (const socket of [this.options.client, this.camera]) {
      // Nothing is read any more; what was written last, an answer or a TEARDOWN, may still go out.
      socket.on('error', () => undefined);
      socket.resume();
      socket.destroySoon();
      setTimeout(() => socket.destroy(), lingerMs).unref();
    }
    this.options.onEnd(why);
  }
}

export function problem(message: string, cause?: unknown): AppError {
  return new AppError('unavailable', message, { cause, retryAfterMs: 1_000 });
}

export function reasonOf(error: unknown): string {
  if (hasErrorCode(error, 'ECONNREFUSED')) return 'nobody listens at the address of the camera';
  if (hasErrorCode(error, 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EHOSTDOWN')) return 'the camera is not reached';
  if (hasErrorCode(error, 'ECONNRESET', 'EPIPE')) return 'the camera cut the connection';
  return 'the connection to the camera failed';
}
