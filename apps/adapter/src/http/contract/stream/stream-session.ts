import { randomUUID } from 'node:crypto';
import { AppError, jsonOrUndefined, toAppError, type Clock } from '@nightjar/runtime';
import type { WebSocket } from 'ws';
import type { EnginePool } from '../../../engine/engine-pool.js';
import type { Task } from '../../../tasks/task.js';
import type { AdapterMetrics } from '../../adapter-metrics.js';
import { failureEnvelope, outcomeOf } from '../contract-errors.js';
import type { ContractInference } from '../contract-inference.js';
import { ClientMessage, Handshake, type FrameHeader, type InferResponse, type ServerMessage } from '../contract-messages.js';
import { EventRate } from './event-rate.js';
import { OrderedAnswers } from './ordered-answers.js';
import { closeCodes, type StreamLimits } from './stream-limits.js';

export interface StreamSessionParts {
  readonly inference: ContractInference;
  readonly pool: EnginePool;
  readonly metrics: AdapterMetrics;
  readonly clock: Clock;
  readonly limits: StreamLimits;
}

/** What the request said that became this session. */
export interface StreamRequest {
  /** Undefined: the default task of the moment of the handshake. */
  readonly taskName: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

type SessionState = 'handshake' | 'open' | 'draining' | 'closed';

interface AcceptedFrame {
  readonly header: FrameHeader;
  readonly bytes: Uint8Array;
  readonly receivedMs: number;
  readonly answer: (message: ServerMessage) => void;
}

const pictureTypes = /^image\/(jpeg|jpg|png|webp) *(;|$)/i;

/**
 * One client on `/infer/stream`: its messages checked, its frames worked on one after the other, its answers in their order.
 * Everything that a client can make grow has a bound: frames beyond `inflightMax` are refused, and a client whose refusals or
 * answers pile up is not read from until they are gone.
 */
export class StreamSession {
  private state: SessionState = 'handshake';
  private readonly id = randomUUID();
  private readonly gone = new AbortController();
  private readonly answers = new OrderedAnswers<ServerMessage>((message) => this.send(message));
  private readonly answered: EventRate;
  private readonly handshakeTimer: NodeJS.Timeout;
  private readonly waiting: AcceptedFrame[] = [];
  private isWorking = false;
  private isPausedByClient = false;
  /** Whether anything came since the last ping. */
  private isAlive = true;
  private stuckSinceMs: number | undefined;
  /** The frame whose bytes come next. */
  private announced: FrameHeader | undefined;
  private task: Task | undefined;
  /** Whose pictures follow each other, and who takes turns: the camera, or else this stream. */
  private session = `stream:${this.id}`;

  constructor(
    private readonly socket: WebSocket,
    private readonly request: StreamRequest,
    private readonly parts: StreamSessionParts,
  ) {
    this.answered = new EventRate(parts.clock);
    this.handshakeTimer = setTimeout(() => this.violate('no handshake in time'), parts.limits.handshakeMs);
    this.handshakeTimer.unref();
    // Its errors end it, which is all that there is to do about them.
    socket.on('error', () => undefined);
    socket.on('pong', () => (this.isAlive = true));
    socket.on('close', () => this.end());
    socket.on('message', (data, isBinary) => this.receive(data as Buffer, isBinary));
  }

  /** Answers what was accepted, takes nothing more, and says goodbye. */
  drain(): void {
    if (this.state === 'handshake') return this.close(closeCodes.goingAway, shutdownReason);
    if (this.state !== 'open') return;
    this.state = 'draining';
    this.closeWhenDrained();
  }

  terminate(): void {
    this.socket.terminate();
  }

  /** Is the other side still there, and does it take what it is sent? Called every `pingEveryMs`. */
  checkLiveness(): void {
    const { clock, limits } = this.parts;
    if (this.stuckSinceMs !== undefined && clock.monotonicMs() - this.stuckSinceMs > limits.stuckMs) return this.terminate();
    // Nothing is read from a paused one, so its answer would not be seen either.
    if (!this.isAlive && !this.socket.isPaused) return this.terminate();
    this.isAlive = this.socket.isPaused;
    if (!this.socket.isPaused) this.socket.ping();
  }

  private receive(data: Buffer, isBinary: boolean): void {
    this.isAlive = true;
    if (this.state === 'closed' || this.state === 'draining') return;
    if (!isBinary && data.length > this.parts.limits.controlBytesMax) return this.violate('control message too large');
    if (this.state === 'handshake') this.shakeHands(data, isBinary);
    else if (isBinary) this.takeBytes(data);
    else this.takeControl(data);
    this.regulate();
  }

  private shakeHands(data: Buffer, isBinary: boolean): void {
    const handshake = isBinary ? undefined : Handshake.safeParse(jsonOrUndefined(data)).data;
    if (!handshake) return this.violate('bad handshake');
    clearTimeout(this.handshakeTimer);
    this.state = 'open';
    if (handshake.camera_id) this.session = `camera:${handshake.camera_id}`;
    // Shared memory and other sinks are offers, and so is this answer.
    this.send({
      type: 'handshake_ack',
      frame_transport: 'websocket',
      result_sink: 'websocket',
      max_inflight: this.parts.limits.inflightMax,
      session_id: this.id,
    });
    this.findTask();
  }

  private findTask(): void {
    const { started, ready } = this.parts.pool.status;
    if (!started) return this.close(closeCodes.model, 'the model is not ready');
    if (ready === 0) return this.close(closeCodes.provider, 'no engine process runs');
    try {
      this.task = this.parts.inference.taskOf(this.request.taskName);
    } catch (error) {
      this.close(closeCodes.model, toAppError(error).message);
    }
  }

  private takeControl(data: Buffer): void {
    if (this.announced) return this.violate('a binary message is due');
    const read = ClientMessage.safeParse(jsonOrUndefined(data));
    if (!read.success) return this.violate('bad message');
    const message = read.data;
    switch (message.type) {
      case 'frame':
        this.announced = message;
        return;
      case 'frame_ref':
        return this.violate('the transport of this session is websocket');
      case 'pause':
        this.isPausedByClient = true;
        return;
      case 'resume':
        this.isPausedByClient = false;
        return;
      case 'stats':
        return this.send(this.describeLoad());
      case 'close':
        this.state = 'closed';
        return this.socket.close(closeCodes.normal, 'closed by the client');
    }
  }

  private takeBytes(bytes: Buffer): void {
    const header = this.announced;
    if (!header) return this.violate('a binary message without a frame message');
    this.announced = undefined;
    if (this.isPausedByClient) return;
    const frame = { header, bytes, receivedMs: this.parts.clock.monotonicMs(), answer: this.answers.takePlace() };
    const problem = this.problemOf(frame);
    if (problem) return this.refuse(frame, problem);
    this.waiting.push(frame);
    void this.work();
  }

  private problemOf({ header, bytes }: AcceptedFrame): AppError | undefined {
    const { inflightMax, frameBytesMax } = this.parts.limits;
    if (bytes.length > frameBytesMax) return new AppError('payload_too_large', `a frame has at most ${frameBytesMax} bytes`);
    if (!pictureTypes.test(header.content_type))
      return new AppError('unsupported_media_type', 'frames are image/jpeg, image/png or image/webp');
    if (this.unanswered >= inflightMax) return new AppError('rate_limited', `${inflightMax} frames are unanswered`);
    return undefined;
  }

  /** Frames that are worked on or wait for it. */
  private get unanswered(): number {
    return this.waiting.length + (this.isWorking ? 1 : 0);
  }

  /** One frame at a time: a tracker must see them in their order. */
  private async work(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    for (let frame = this.waiting.shift(); frame; frame = this.waiting.shift()) await this.workOn(frame);
    this.isWorking = false;
    this.closeWhenDrained();
  }

  private async workOn(frame: AcceptedFrame): Promise<void> {
    try {
      this.deliver(frame, await this.infer(frame));
    } catch (error) {
      // Nobody is there to be told.
      if (!this.gone.signal.aborted) this.refuse(frame, toAppError(error));
    }
  }

  private async infer({ bytes }: AcceptedFrame): Promise<InferResponse> {
    const { inference, limits } = this.parts;
    const task = this.task;
    if (!task) throw new AppError('unavailable', 'no model is ready');
    const asked = { params: this.request.params, files: new Map([['frame', bytes]]) };
    const call = { session: this.session, turn: this.session, timeoutMs: limits.frameTimeoutMs, signal: this.gone.signal };
    return (await inference.run(task, asked, call)).response;
  }

  private deliver({ header, receivedMs, answer }: AcceptedFrame, { inference_ms, result }: InferResponse): void {
    this.answered.add();
    this.observe('ok', receivedMs);
    answer({ type: 'result', seq: header.seq, ts_ms: header.ts_ms, inference_ms, result });
  }

  private refuse({ header, receivedMs, answer }: AcceptedFrame, error: AppError): void {
    this.observe(outcomeOf(error), receivedMs);
    answer({ type: 'result', seq: header.seq, ts_ms: header.ts_ms, inference_ms: 0, result: failureEnvelope(error) });
  }

  private observe(outcome: ReturnType<typeof outcomeOf>, receivedMs: number): void {
    const { metrics, clock } = this.parts;
    metrics.observe({ task: this.task?.name, outcome, seconds: (clock.monotonicMs() - receivedMs) / 1_000 });
  }

  private describeLoad(): ServerMessage {
    return {
      type: 'stats',
      inflight: this.unanswered,
      queue_depth: this.waiting.length + this.parts.pool.queued,
      fps: this.answered.perSecond,
    };
  }

  private send(message: ServerMessage): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.socket.send(JSON.stringify(message), () => this.regulate());
  }

  /** Reads from the client only while what it is owed is bounded. */
  private regulate(): void {
    if (this.state === 'closed') return;
    const { unsentAnswersMax, bufferedBytesMax } = this.parts.limits;
    const isStuck = this.socket.bufferedAmount > bufferedBytesMax;
    if (isStuck) this.stuckSinceMs ??= this.parts.clock.monotonicMs();
    else this.stuckSinceMs = undefined;
    const isFull = isStuck || this.answers.size >= unsentAnswersMax;
    if (isFull && !this.socket.isPaused) this.socket.pause();
    else if (!isFull && this.socket.isPaused) this.socket.resume();
  }

  private closeWhenDrained(): void {
    if (this.state === 'draining' && this.unanswered === 0) this.close(closeCodes.goingAway, shutdownReason);
  }

  /** The client broke the rules: it gets the close frame and no further message. */
  private violate(reason: string): void {
    this.state = 'closed';
    this.leave(closeCodes.policy, reason);
  }

  private close(code: number, reason: string): void {
    this.send({ type: 'close', reason, close_code: code });
    this.state = 'closed';
    this.leave(code, reason);
  }

  private leave(code: number, reason: string): void {
    // A paused socket would never see the answer to the close.
    if (this.socket.isPaused) this.socket.resume();
    this.socket.close(code, reason.slice(0, closeReasonMax));
    this.gone.abort(new DOMException('the stream ended', 'AbortError'));
  }

  private end(): void {
    this.state = 'closed';
    clearTimeout(this.handshakeTimer);
    this.waiting.length = 0;
    this.gone.abort(new DOMException('the client went away', 'AbortError'));
  }
}

const shutdownReason = 'the adapter is shutting down';
/** RFC 6455: 123 bytes. */
const closeReasonMax = 120;
