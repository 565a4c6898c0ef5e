import { createInbox, headers as newHeaders, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import {
  inferenceCancelled,
  inferenceHeaders,
  inferenceQueue,
  InferenceRequest,
  type Capability,
  type InferenceResult,
  type Lane,
} from '@nightjar/contracts';
import { AppError, deadlineSignal, errorBody, pause, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { Bus } from './bus.js';
import { ensureInferenceQueues } from './inference-queue.js';
import { decodeMessage, encodeMessage } from './message-codec.js';

/** Every fifth pull of a slot asks the batch lane first, so that jobs never starve under live load. */
const batchFirstEvery = 5;
const waitMs = 1_000;
/** A pull that doesn't wait is answered at once; a server that knows no such queue says nothing at all. */
const silenceMs = 500;
/** A server that lives says much sooner that nothing more comes; an item that came later than this would lie until its ack wait is over. */
const lastWordMs = 5_000;
/** Cancelled items that are remembered, since they may still wait in a queue. Full: the oldest is forgotten, and done in vain. */
const cancelledMax = 4_096;

export interface PulledWork {
  request: InferenceRequest;
  picture: Uint8Array;
  lane: Lane;
  deadlineUnixMs: number;
  /**
   * 1 for the first delivery; 2 when a puller had it before and fell silent, or when the server sent it to a slot that had just
   * stopped to listen (it goes on at once then; one in ten thousand on a busy machine).
   */
  deliveries: number;
}

interface InferencePullerOptions {
  bus: Bus;
  /** They take turns where work of several waits. */
  capabilities: readonly Capability[];
  /** Items in work at a time, of all capabilities together: one loop each. */
  slots: number;
  clock: Clock;
  logger: Logger;
  /** Runs one item; its AppError travels to the caller. */
  run: (work: PulledWork, signal: AbortSignal) => Promise<InferenceResult>;
}

/**
 * Pulls inference work when, and only when, a slot is free: a busy adapter never hoards work that another one could do.
 * Acknowledges after the answer is sent; an item whose puller dies goes to another one.
 */
export class InferencePuller {
  private readonly stopping = new AbortController();
  private readonly loops: Promise<void>[] = [];
  private busy = 0;
  /** By request id. */
  private readonly running = new Map<string, AbortController>();
  private readonly cancelled = new Set<string>();

  constructor(private readonly options: InferencePullerOptions) {}

  get slotsBusy(): number {
    return this.busy;
  }

  start(): void {
    this.options.bus.on(inferenceCancelled, ({ request_id }) => this.cancel(request_id));
    for (let slot = 0; slot < this.options.slots; slot++) this.loops.push(this.loop(slot));
  }

  /** Pulls no more, finishes what runs. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
  }

  private cancel(requestId: string): void {
    this.running.get(requestId)?.abort(new AppError('cancelled', 'nobody waits for the answer any more'));
    this.cancelled.add(requestId);
    const [oldest] = this.cancelled;
    if (this.cancelled.size > cancelledMax && oldest !== undefined) this.cancelled.delete(oldest);
  }

  private async loop(slot: number): Promise<void> {
    const { bus, capabilities, logger } = this.options;
    const { signal } = this.stopping;
    let prepared: NatsConnection | undefined;
    for (let round = slot; !signal.aborted; round++) {
      try {
        const connection = bus.requireConnection();
        if (prepared !== connection) for (const capability of capabilities) await ensureInferenceQueues(connection, capability);
        prepared = connection;
        const outcome = await this.pull(connection, queuesInOrder(capabilities, round));
        for (const { message, lane } of outcome.items) await this.work(message, lane);
        if (outcome.queueMissing) prepared = undefined;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof AppError && error.code === 'unavailable')) logger.warn('pulling inference work failed', { error });
        await pause(500, signal);
      }
    }
  }

  /** First asks each queue without waiting, in order; when all are empty, waits on all. Then at most one item of each queue comes. */
  private async pull(
    connection: NatsConnection,
    queues: readonly QueuePlace[],
  ): Promise<{ items: { message: Msg; lane: Lane }[]; queueMissing: boolean }> {
    for (const queue of queues) {
      const found = await new PullRequest(connection, queue, 0).first;
      if (found.kind === 'missing') return { items: [], queueMissing: true };
      if (found.kind === 'work') return { items: [{ message: found.message, lane: queue.lane }], queueMissing: false };
    }
    const requests = queues.map((queue) => ({
      lane: queue.lane,
      request: new PullRequest(connection, queue, waitMs, this.stopping.signal),
    }));
    await Promise.race(requests.map(({ request }) => request.first));
    const results = await Promise.all(requests.map(async ({ lane, request }) => ({ lane, found: await request.settle() })));
    return {
      items: results.flatMap(({ lane, found }) => (found.kind === 'work' ? [{ message: found.message, lane }] : [])),
      queueMissing: results.some(({ found }) => found.kind === 'missing'),
    };
  }

  private async work(message: Msg, lane: Lane): Promise<void> {
    const { clock, logger, run } = this.options;
    const headers = message.headers;
    const deadlineUnixMs = Number(headers?.get(inferenceHeaders.deadlineUnixMs) || Number.NaN);
    const replyTo = headers?.get(inferenceHeaders.replyTo);
    if (!replyTo || !Number.isFinite(deadlineUnixMs) || deadlineUnixMs <= clock.wallMs()) {
      // Late or unanswerable: nobody waits for it any more.
      message.respond();
      return;
    }
    this.busy++;
    try {
      const answer = await this.answer({ message, lane, deadlineUnixMs, run });
      const answerHeaders = newHeaders();
      this.options.bus.requireConnection().publish(replyTo, encodeMessage(answer, undefined, answerHeaders), { headers: answerHeaders });
      // An empty reply to the message's own reply subject is JetStream's acknowledgement.
      message.respond();
    } catch (error) {
      logger.warn('an inference answer was not sent', { error });
    } finally {
      this.busy--;
    }
  }

  private async answer(item: { message: Msg; lane: Lane; deadlineUnixMs: number; run: InferencePullerOptions['run'] }) {
    try {
      const { json, body } = decodeMessage(item.message.data, item.message.headers);
      const request = InferenceRequest.safeParse(json);
      if (!request.success) throw new AppError('invalid_argument', 'not an inference request', { cause: request.error });
      const work: PulledWork = {
        request: request.data,
        picture: body,
        lane: item.lane,
        deadlineUnixMs: item.deadlineUnixMs,
        deliveries: deliveriesOf(item.message),
      };
      return { ok: true, value: await this.runUnlessCancelled(work, item.run) };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === 'internal') this.options.logger.error('inference failed', { error });
      return { ok: false, error: errorBody(error) };
    }
  }

  private async runUnlessCancelled(work: PulledWork, run: InferencePullerOptions['run']): Promise<InferenceResult> {
    const { request_id: requestId } = work.request;
    if (this.cancelled.has(requestId)) throw new AppError('cancelled', 'nobody waits for the answer any more');
    const cancelling = new AbortController();
    this.running.set(requestId, cancelling);
    try {
      const remainingMs = work.deadlineUnixMs - this.options.clock.wallMs();
      return await run(work, deadlineSignal(Math.max(1, remainingMs), cancelling.signal));
    } finally {
      this.running.delete(requestId);
    }
  }
}

interface QueuePlace {
  readonly capability: Capability;
  readonly lane: Lane;
}

/**
 * Live before batch, but for every fifth round. Capabilities take turns at being first, so that none of a lane starves another: in the
 * rounds of each lane by themselves, since five capabilities would always meet the fifth round with the same one.
 */
export function queuesInOrder(capabilities: readonly Capability[], round: number): QueuePlace[] {
  const isBatchFirst = round % batchFirstEvery === batchFirstEvery - 1;
  const lanes: Lane[] = isBatchFirst ? ['batch', 'live'] : ['live', 'batch'];
  const batchRounds = Math.floor(round / batchFirstEvery);
  const first = (isBatchFirst ? batchRounds : round - batchRounds) % capabilities.length;
  const turned = [...capabilities.slice(first), ...capabilities.slice(0, first)];
  return lanes.flatMap((lane) => turned.map((capability) => ({ capability, lane })));
}

/** JetStream tells it in the reply subject: `$JS.ACK.<stream>.<consumer>.<deliveries>.…`, with domain and account hash before the stream on newer servers. */
function deliveriesOf(message: Msg): number {
  const tokens = (message.reply ?? '').split('.');
  const deliveries = Number(tokens[tokens.length >= 11 ? 6 : 4]);
  return Number.isInteger(deliveries) && deliveries > 0 ? deliveries : 1;
}

type Pulled = { kind: 'work'; message: Msg } | { kind: 'empty' } | { kind: 'missing' };

/**
 * One pull of one message, in the wire form of JetStream: the client library's own `next()` waits at least a second and can't
 * look at two queues in order.
 */
class PullRequest {
  readonly first: Promise<Pulled>;
  private readonly subscription: Subscription;
  private resolve!: (pulled: Pulled) => void;
  private settled = false;

  constructor(connection: NatsConnection, { capability, lane }: QueuePlace, waitMs: number, signal?: AbortSignal) {
    this.first = new Promise((resolve) => {
      this.resolve = (pulled) => {
        this.settled = true;
        resolve(pulled);
      };
    });
    const { streamName, consumerName } = inferenceQueue(capability, lane);
    const inbox = createInbox();
    this.subscription = connection.subscribe(inbox, { callback: (error, message) => this.receive(error, message) });
    const request = waitMs === 0 ? { batch: 1, no_wait: true } : { batch: 1, expires: waitMs * 1_000_000 };
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${streamName}.${consumerName}`, JSON.stringify(request), { reply: inbox });
    const timer = setTimeout(() => void this.giveUp({ kind: 'missing' }), waitMs + silenceMs);
    const onAbort = () => this.end({ kind: 'empty' });
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    void this.first.then(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  }

  /** Ends the wait; what has come by then counts. */
  async settle(): Promise<Pulled> {
    await this.giveUp({ kind: 'empty' });
    return this.first;
  }

  /**
   * Without interest on the inbox the server gives what comes next to somebody else; what it has sent until it hears of that
   * still counts, or it would lie there until the ack wait is over.
   */
  private async giveUp(otherwise: Pulled): Promise<void> {
    if (!this.settled && !this.subscription.isClosed()) {
      const silence = new AbortController();
      const drained = this.subscription.drain().catch(() => undefined);
      await Promise.race([drained, pause(lastWordMs, silence.signal)]);
      silence.abort();
    }
    this.end(otherwise);
  }

  private receive(error: Error | null, message: Msg): void {
    const code = message?.headers?.code ?? 0;
    if (error) return this.end({ kind: 'empty' });
    if (code === 503 || (code === 409 && /deleted/i.test(message.headers?.description ?? ''))) return this.end({ kind: 'missing' });
    if (code >= 400) return this.end({ kind: 'empty' });
    if (code === 100) return;
    this.end({ kind: 'work', message });
  }

  private end(pulled: Pulled): void {
    if (!this.settled) this.resolve(pulled);
    if (!this.subscription.isClosed()) this.subscription.unsubscribe();
  }
}
