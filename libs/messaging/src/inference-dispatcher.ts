import { randomUUID } from 'node:crypto';
import { jetstream, JetStreamApiError } from '@nats-io/jetstream';
import { createInbox, headers as newHeaders, type Msg, type NatsConnection } from '@nats-io/transport-node';
import {
  ErrorBody,
  inferenceCancelled,
  inferenceHeaders,
  inferenceQueue,
  InferenceResult,
  inlinePictureBytesMax,
  type InferenceRequest,
  type BoxLtwh,
  type Capability,
  type Lane,
} from '@nightjar/contracts';
import { AppError, deadlineSignal, type Clock } from '@nightjar/runtime';
import { z } from 'zod';
import type { Bus } from './bus.js';
import { ensureInferenceQueues } from './inference-queue.js';
import { decodeMessage, encodeMessage } from './message-codec.js';

const Answer = z.union([z.object({ ok: z.literal(true), value: InferenceResult }), z.object({ ok: z.literal(false), error: ErrorBody })]);

interface Waiting {
  resolve: (message: Msg) => void;
}

export interface InferenceCall {
  capability: Capability;
  lane: Lane;
  /** Camera or job that asks; adapters take turns by it. */
  source: string;
  /** JPEG, PNG or WebP of at most `inlinePictureBytesMax`. */
  picture: Uint8Array;
  timeoutMs: number;
  signal?: AbortSignal;
  /** Weaker detections are left out; absent: the adapter's own threshold. */
  minConfidence?: number;
  /** Of `object_detection`: only these labels. */
  labels?: readonly string[];
  /** Of detections: only these parts of the picture, each looked at as a picture of its own. */
  regions?: readonly BoxLtwh[] | undefined;
  /** Of `face_detection`: a vector for each face. */
  withDescriptors?: boolean;
}

/**
 * Sends pictures to whichever adapter has a free slot and waits for the answer. The caller keeps its own timer; what comes
 * after it is dropped here, and the adapter drops what it finds late.
 */
export class InferenceDispatcher {
  private readonly waiting = new Map<string, Waiting>();
  private inbox: { connection: NatsConnection; prefix: string } | undefined;
  private readonly prepared = new WeakMap<NatsConnection, Set<Capability>>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
  ) {}

  /**
   * When the call's signal aborts, the adapter that has the item stops its work, too.
   * @throws AppError `overloaded` when the queue is full, `deadline_exceeded`, `cancelled`, `unavailable`, or the adapter's own error
   */
  async infer(call: InferenceCall): Promise<InferenceResult> {
    if (call.picture.length > inlinePictureBytesMax)
      throw new AppError('payload_too_large', `a picture on the bus has at most ${inlinePictureBytesMax} bytes`);
    const connection = this.bus.requireConnection();
    const callId = randomUUID();
    const signal = deadlineSignal(call.timeoutMs, call.signal);
    try {
      const message = await this.exchange(connection, callId, call, signal);
      return readAnswer(message);
    } catch (error) {
      if (call.signal?.aborted) this.bus.publish(inferenceCancelled, { request_id: callId });
      throw error;
    } finally {
      this.waiting.delete(callId);
    }
  }

  private async exchange(connection: NatsConnection, callId: string, call: InferenceCall, signal: AbortSignal): Promise<Msg> {
    const answered = new Promise<Msg>((resolve, reject) => {
      this.waiting.set(callId, { resolve });
      const onAbort = () =>
        reject(
          call.signal?.aborted
            ? new AppError('cancelled', 'the inference was cancelled')
            : new AppError('deadline_exceeded', 'no adapter answered in time', { retryAfterMs: 1_000 }),
        );
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    // The deadline may pass while we still publish.
    answered.catch(() => undefined);
    await this.enqueue(connection, callId, call);
    return answered;
  }

  private async enqueue(connection: NatsConnection, callId: string, call: InferenceCall): Promise<void> {
    const headers = newHeaders();
    headers.set(inferenceHeaders.deadlineUnixMs, String(Math.floor(this.clock.wallMs() + call.timeoutMs)));
    headers.set(inferenceHeaders.replyTo, `${this.openInbox(connection)}.${callId}`);
    const request: InferenceRequest = {
      capability: call.capability,
      source: call.source,
      request_id: callId,
      min_confidence: call.minConfidence,
      labels: call.labels && [...call.labels],
      regions: call.regions && [...call.regions],
      with_descriptors: call.withDescriptors,
    };
    const payload = encodeMessage(request, call.picture, headers);
    const { subject } = inferenceQueue(call.capability, call.lane);
    await this.prepare(connection, call.capability, false);
    const publish = () => jetstream(connection).publish(subject, payload, { headers, timeout: Math.min(call.timeoutMs, 5_000) });
    try {
      await publish();
    } catch (error) {
      if (isFull(error)) throw new AppError('overloaded', 'all adapters are busy', { cause: error, retryAfterMs: 500 });
      // A restarted server has forgotten its memory streams: make them again, once.
      try {
        await this.prepare(connection, call.capability, true);
        await publish();
      } catch (again) {
        if (isFull(again)) throw new AppError('overloaded', 'all adapters are busy', { cause: again, retryAfterMs: 500 });
        throw new AppError('unavailable', 'the inference queue is not reachable', { cause: again, retryAfterMs: 1_000 });
      }
    }
  }

  private async prepare(connection: NatsConnection, capability: Capability, again: boolean): Promise<void> {
    const done = this.prepared.get(connection) ?? new Set();
    this.prepared.set(connection, done);
    if (done.has(capability) && !again) return;
    try {
      await ensureInferenceQueues(connection, capability);
      done.add(capability);
    } catch (error) {
      throw new AppError('unavailable', 'the inference queue is not reachable', { cause: error, retryAfterMs: 1_000 });
    }
  }

  private openInbox(connection: NatsConnection): string {
    if (this.inbox?.connection === connection) return this.inbox.prefix;
    const prefix = createInbox();
    connection.subscribe(`${prefix}.*`, {
      callback: (error, message) => {
        if (!error) this.waiting.get(message.subject.slice(prefix.length + 1))?.resolve(message);
      },
    });
    this.inbox = { connection, prefix };
    return prefix;
  }
}

function readAnswer(message: Msg): InferenceResult {
  const answer = Answer.safeParse(decodeMessage(message.data, message.headers).json);
  if (!answer.success) throw new AppError('internal', 'the adapter answered in another shape', { cause: answer.error });
  if (answer.data.ok) return answer.data.value;
  const { code, message: text, retry_after_ms: retryAfterMs } = answer.data.error;
  throw new AppError(code, text, retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** 10077: maximum messages exceeded, 10076: maximum bytes. */
function isFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && (error.code === 10077 || error.code === 10076);
}
