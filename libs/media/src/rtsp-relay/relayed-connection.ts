import type { OnReadOpts, Socket } from 'node:net';
import { AppError } from '@nightjar/runtime';
import { credentialsRefused, notEncrypted, problem, reasonOf } from '../camera-problem.js';
import type { CameraAuthorization } from './camera-authorization.js';
import { CameraReading } from './camera-reading.js';
import { CameraWatch } from './camera-watch.js';
import { RelayedMedia } from './relayed-media.js';
import { rewriteSessionDescription, type DescribedTrack, type RewrittenDescription } from './rewrite-session-description.js';
import { headerOf, RtspSplitter, RtspSyntaxError, type RtspMessage } from './rtsp-splitter.js';
import { addressBehind, baseOf, cameraRequest, clientAnswer, readRequestLine, refusal, trackUrlOf } from './relayed-headers.js';
import { grantOf, packetsChannel, requestedChannels, type CameraTransport } from './transport-header.js';
import { UdpMedia } from './udp-media.js';
import type { UdpTrack } from './udp-track.js';

/** What a side that does not read may leave in our memory: beyond it the other side is not read (media), or the connection ends. */
const unsentBytesMax = 256 * 1024;
/** A camera that sends over UDP can't be made to wait. Full: packets are lost as they are in a network. */
const unsentUdpBytesMax = 4 * 1024 * 1024;
/** What was sent last gets this long to be taken. */
const lingerMs = 2_000;
/** What a camera sends over UDP is handed on at this pace; the system keeps less of it than of a connection. */
const udpEveryMs = 80;
const requestsWaitingMax = 8;
/** A camera that asks who we are more often for one request is not satisfied by anything. */
const challengesMax = 3;

interface RelayedConnectionOptions {
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
  private readonly reading: CameraReading;
  private readonly watch: CameraWatch;
  private readonly requests: RtspMessage[] = [];
  private pending: PendingRequest | undefined;
  private sequence = 0;
  /** Of the request that is asked now. */
  private challenges = 0;
  /** The camera took the user name and the password once. */
  private isKnown = false;
  private isOpen = false;
  private isPlaying = false;
  private ended = false;
  private described: Omit<RewrittenDescription, 'text'>;
  private readonly media = new RelayedMedia();
  private udp: UdpMedia | undefined;
  private isOverUdp: boolean;
  private isOpeningPorts = false;

  constructor(private readonly options: RelayedConnectionOptions) {
    const { client, dial, firstRequests, openedEvent } = options;
    this.reading = new CameraReading({ isPrompt: options.isPrompt, readOn: () => void camera.resume() });
    this.watch = new CameraWatch({ answerMsMax: options.answerMsMax, onLate: (said) => this.end(problem(said)) });
    const camera = dial({ buffer: () => this.reading.freeBuffer(), callback: (count) => this.onCameraBytes(count) });
    this.camera = camera;
    this.described = { aggregateUrl: options.cameraUrl, trackUrls: [], tracks: [] };
    this.isOverUdp = options.transport === 'udp';
    this.requests.push(...firstRequests);
    client.on('data', (chunk: Buffer) => this.guard(() => this.readClient(chunk)));
    client.on('drain', () => {
      this.watch.noteReaderFull(false);
      this.reading.noteReaderRoom();
    });
    client.once('close', () => this.end(undefined));
    camera.setNoDelay(true);
    camera.once(openedEvent, () => {
      this.isOpen = true;
      this.watch.noteAnswer();
      this.guard(() => this.sendNext());
    });
    camera.on('error', (cause) => this.end(problem(reasonOf(cause, camera), cause)));
    camera.once('close', () => this.end(problem('the stream of the camera ended')));
    this.watch.expectAnswer('the camera is not reached');
    if (openedEvent === 'secureConnect') camera.once('connect', () => this.watch.expectAnswer(notEncrypted));
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
    const said = readRequestLine(request.startLine);
    if (!said) throw problem('FFmpeg asks for what cameras do not do');
    const cameraUrl = addressBehind(said.url, { relayUrl: this.options.relayUrl, ...this.described });
    if (cameraUrl === undefined) throw problem('FFmpeg asks for an address that the camera did not give');
    const asked = { request, method: said.method, url: cameraUrl, track: undefined };
    if (said.method === 'SETUP' && this.isOverUdp) this.setUpOverUdp(asked);
    else this.ask(asked);
  }

  /** Asks the camera to send beside the connection, to two ports of ours; FFmpeg gets its packets inside of its own. */
  private setUpOverUdp(asked: AskedRequest): void {
    const channel = requestedChannels(headerOf(asked.request, 'transport')).packets;
    const { localAddress, remoteAddress: cameraAddress } = this.camera;
    if (localAddress === undefined || cameraAddress === undefined) throw problem('the camera cut the connection');
    this.udp ??= new UdpMedia({
      everyMs: udpEveryMs,
      onPacket: () => this.watch.noteBytes(),
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

  private ask({ request, method, track, url }: AskedRequest): void {
    const authorization = this.options.authorization.headerFor(method, url);
    const sequence = ++this.sequence;
    this.pending = { request, method, url, track, cameraSequence: sequence, wasAuthorized: authorization !== undefined };
    this.watch.expectAnswer('the camera does not answer');
    this.camera.write(cameraRequest(request, { method, url, sequence, authorization, clientPorts: track?.clientPorts }));
  }

  /** @returns whether to read on; else `reading` does */
  private onCameraBytes(count: number): boolean {
    this.guard(() => this.readCamera(this.reading.read(count)));
    // What the system did not take at once still lies in the buffer.
    this.reading.leave(this.options.client.writableLength === 0);
    return this.ended || !this.reading.isPaused;
  }

  private readCamera(chunk: Buffer): void {
    this.watch.noteBytes();
    for (const part of this.cameraSplitter.push(chunk)) {
      if (this.ended) return;
      if (part.kind === 'media') this.forward(part.bytes);
      else if (part.message.startLine.startsWith('RTSP/')) this.takeAnswer(part.message);
      else this.refuseRequest(part.message);
    }
    if (this.isPlaying && !this.pending && !this.media.isSettling) this.reading.pause(chunk.length);
  }

  /** A full FFmpeg is waited for, and with it the camera. */
  private forward(bytes: Buffer): void {
    const { client } = this.options;
    // The stream calls itself full before it knows that the system took everything.
    if (client.write(this.media.pass(bytes)) || client.writableLength === 0) return;
    this.watch.noteReaderFull(true);
    this.reading.noteReaderFull();
  }

  private takeAnswer(answer: RtspMessage): void {
    const { pending } = this;
    const sequence = headerOf(answer, 'cseq');
    const status = Number(answer.startLine.slice(9, 12));
    // Late answers to what was asked before, and interim ones, are nobody's.
    if (!pending || status < 200 || (sequence !== undefined && Number(sequence) !== pending.cameraSequence)) return;
    this.pending = undefined;
    this.watch.noteAnswer();
    if (status >= 300 && status < 400) throw problem('the camera sends us to another address, which is not followed');
    if (this.isWorthAnother(pending, answer, status)) return this.ask(pending);
    if (pending.method === 'SETUP' && this.isSetUpAnew(pending, answer, status)) return;
    this.answerClient(pending, answer, status);
    // To a sign of life cameras answer all sorts of things, and go on sending.
    if (status === 401 && !this.isPlaying) throw problem(credentialsRefused);
    if (status === 404 && !this.isPlaying) throw problem('the camera has no stream at this address');
    if (pending.method === 'SETUP' && status === 200) this.addMedium(pending, answer);
    if (pending.method === 'PLAY' && status === 200) this.startPlaying();
    this.sendNext();
  }

  /** Whether a 401 is one that a request with another answer to it may not get. */
  private isWorthAnother({ wasAuthorized }: PendingRequest, answer: RtspMessage, status: number): boolean {
    if (status === 401) {
      // Who took the password before means a nonce that is no longer good, also where he does not call it stale.
      const wasRefused = wasAuthorized && !(this.isKnown && this.challenges === 0);
      const isAccepted = this.options.authorization.accept(answer.headers.get('www-authenticate') ?? [], wasRefused);
      if (isAccepted && ++this.challenges <= challengesMax) return true;
    } else this.isKnown ||= wasAuthorized;
    this.challenges = 0;
    return false;
  }

  /** @returns whether the camera was asked again, for packets beside the connection. @throws AppError `unavailable` as `grantOf` */
  private isSetUpAnew(pending: PendingRequest, answer: RtspMessage, status: number): boolean {
    const { track } = pending;
    const asked = { transport: this.options.transport, isOverUdp: track !== undefined };
    const grant = grantOf({ status, header: headerOf(answer, 'transport') }, asked);
    if (grant === 'not_over_tcp') this.setUpOverUdp(pending);
    else if (grant) track?.accept(grant.serverPorts);
    return grant === 'not_over_tcp';
  }

  private answerClient({ method, request, track, url }: PendingRequest, answer: RtspMessage, status: number): void {
    const description = method === 'DESCRIBE' && status === 200 ? this.describe(url, answer) : '';
    const { trackUrls } = this.described;
    const { client, relayUrl } = this.options;
    client.write(
      clientAnswer(answer, { request, method, status, isOverUdp: track !== undefined, description, trackUrls, relayUrl }),
      'latin1',
    );
  }

  private describe(askedUrl: string, answer: RtspMessage): string {
    const { onDescribed, relayUrl, withSound: keepsSound } = this.options;
    const trackUrl = (track: number) => trackUrlOf(relayUrl, track);
    const base = baseOf(answer, askedUrl);
    const rewritten = rewriteSessionDescription(answer.body.toString('latin1'), { base, relayUrl, trackUrl, keepsSound });
    if (!rewritten) throw problem('the camera does not describe its stream');
    this.described = rewritten;
    onDescribed(rewritten.tracks);
    return rewritten.text;
  }

  /** Some cameras ask too (OPTIONS as a sign of life); nobody here obeys them. */
  private refuseRequest(request: RtspMessage): void {
    if (request.startLine.startsWith('REDIRECT')) throw problem('the camera sends us to another address, which is not followed');
    if (this.camera.writableLength > unsentBytesMax) throw problem('the camera does not read what it asked for');
    this.camera.write(refusal(request));
  }

  private addMedium({ request, track, url }: PendingRequest, answer: RtspMessage): void {
    const described = this.described.tracks[this.described.trackUrls.indexOf(url)];
    if (!described) return;
    const [asked, granted] = [request, answer].map((message) => headerOf(message, 'transport'));
    this.media.add(packetsChannel(asked, track ? undefined : granted), described);
  }

  private startPlaying(): void {
    this.isPlaying = true;
    if (this.options.withSound) this.media.begin();
    this.watch.expectMedia();
  }

  private end(why: AppError | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.watch.end();
    this.reading.end();
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
