import { randomUUID } from 'node:crypto';
import { connect, headers as newHeaders, RequestError, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { ErrorBody, type Fact, type Rpc } from '@nightjar/contracts';
import { AppError, deadlineSignal, errorBody, pause, sleep, toAppError, withoutCredentials, type Logger } from '@nightjar/runtime';
import { z } from 'zod';
import { decodeMessage, encodeMessage } from './message-codec.js';

const requestIdHeader = 'Nightjar-Request-Id';
/** Calls of one rpc that one process answers at a time; one more is answered `overloaded`, the caller asks again. */
const callsInFlightMax = 64;

const Reply = z.union([z.object({ ok: z.literal(true), value: z.unknown() }), z.object({ ok: z.literal(false), error: ErrorBody })]);

/** An rpc's answer with bytes beside it. */
export class WithBody<Value> {
  constructor(
    readonly value: Value,
    readonly body: Uint8Array,
  ) {}
}

interface CallContext {
  requestId: string;
  body: Uint8Array;
}

interface RequestOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  requestId?: string;
}

type Handler<Request extends z.ZodType, Reply extends z.ZodType> = (
  request: z.infer<Request>,
  context: CallContext,
) => Promise<z.infer<Reply> | WithBody<z.infer<Reply>>> | z.infer<Reply> | WithBody<z.infer<Reply>>;

/**
 * The one door to NATS: facts, rpcs, and (through the inference classes beside it) work queues. Opens at once and connects in
 * the background, for ever; while there is no connection, requests throw `unavailable` and facts are dropped.
 */
export class Bus {
  private connection: NatsConnection | undefined;
  private readonly subscriptions: ((connection: NatsConnection) => void)[] = [];
  private readonly closing = new AbortController();
  private connecting: Promise<void> | undefined;
  private isUp = false;

  private constructor(private readonly options: { url: string; name: string; logger: Logger }) {}

  /** @param options.url `nats://token@host:port`, `nats://user:password@host:port`, several separated by commas */
  static open(options: { url: string; name: string; logger: Logger }): Bus {
    const bus = new Bus(options);
    bus.connecting = bus.connectForEver();
    return bus;
  }

  get connected(): boolean {
    return this.connection !== undefined && !this.connection.isClosed() && this.isUp;
  }

  /** Waits for the first connection. @throws the signal's reason */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.connected) await sleep(20, signal);
  }

  /** Listens to a fact. A handler that throws is logged; a payload that does not match is logged and dropped. */
  on<Payload extends z.ZodType>(fact: Fact<Payload>, handler: (payload: z.infer<Payload>) => void | Promise<void>): void {
    this.subscribe((connection) => {
      connection.subscribe(fact.pattern, { callback: (error, message) => void this.receive(fact, handler, error, message) });
    });
  }

  /** Tells a fact. Best effort: without a connection it is lost, as facts may be. */
  publish<Payload extends z.ZodType>(fact: Fact<Payload>, payload: z.infer<Payload>): void {
    if (!this.connected || !this.connection) return;
    this.connection.publish(fact.subject(payload), encodeMessage(payload, undefined, newHeaders()));
  }

  /**
   * Answers an rpc; several processes share the calls. The handler's AppError travels to the caller, anything else becomes `internal`.
   * @param options.callsInFlightMax for an rpc whose calls wait for something to happen
   */
  serve<Request extends z.ZodType, Reply extends z.ZodType>(
    rpc: Rpc<Request, Reply>,
    handler: Handler<Request, Reply>,
    options: { callsInFlightMax?: number } = {},
  ): void {
    const limit = options.callsInFlightMax ?? callsInFlightMax;
    let inFlight = 0;
    this.subscribe((connection) => {
      connection.subscribe(rpc.subject, {
        queue: 'servers',
        callback: (error, message) => {
          if (error) return this.options.logger.error('bus subscription failed', { subject: rpc.subject, error });
          if (inFlight >= limit)
            return respond(message, {
              ok: false,
              error: errorBody(new AppError('overloaded', 'too many calls at once', { retryAfterMs: 200 })),
            });
          inFlight++;
          void this.answer(rpc, handler, message).finally(() => inFlight--);
        },
      });
    });
  }

  /** @throws AppError with the server's code; `unavailable` without connection or server, `deadline_exceeded` when late, `cancelled` on the signal */
  async request<Request extends z.ZodType, Reply extends z.ZodType>(
    rpc: Rpc<Request, Reply>,
    request: z.infer<Request>,
    options: RequestOptions,
  ): Promise<z.infer<Reply>> {
    return (await this.requestWithBody(rpc, request, options)).value;
  }

  /** As `request`, with the bytes that came beside the answer. */
  async requestWithBody<Request extends z.ZodType, Reply extends z.ZodType>(
    rpc: Rpc<Request, Reply>,
    request: z.infer<Request>,
    options: RequestOptions & { body?: Uint8Array },
  ): Promise<{ value: z.infer<Reply>; body: Uint8Array }> {
    const headers = newHeaders();
    headers.set(requestIdHeader, options.requestId ?? randomUUID());
    const payload = encodeMessage(request, options.body, headers);
    const { json, body } = await this.exchange(rpc.subject, payload, headers, options);
    const reply = Reply.parse(json);
    if (!reply.ok)
      throw new AppError(
        reply.error.code,
        reply.error.message,
        reply.error.retry_after_ms === undefined ? {} : { retryAfterMs: reply.error.retry_after_ms },
      );
    const value = rpc.reply.safeParse(reply.value);
    if (!value.success) throw new AppError('internal', `the answer on ${rpc.subject} has another shape`, { cause: value.error });
    return { value: value.data, body };
  }

  /** The live connection, for the work queues of this lib. @throws AppError `unavailable` */
  requireConnection(): NatsConnection {
    if (!this.connection || !this.connected) throw new AppError('unavailable', 'the bus is not connected', { retryAfterMs: 1_000 });
    return this.connection;
  }

  /** Sends what is buffered and closes; handlers that run may still answer. */
  async close(): Promise<void> {
    this.closing.abort();
    const connection = this.connection;
    if (connection && !connection.isClosed()) {
      // A connection that is away can't drain; closing it loses nothing that rows do not hold.
      const late = setTimeout(() => void connection.close(), 2_000);
      await connection.drain().catch(() => connection.close());
      clearTimeout(late);
    }
    await this.connecting;
  }

  private subscribe(start: (connection: NatsConnection) => void): void {
    this.subscriptions.push(start);
    if (this.connection && !this.connection.isClosed()) start(this.connection);
  }

  private async connectForEver(): Promise<void> {
    const { logger, name, url } = this.options;
    while (!this.closing.signal.aborted) {
      try {
        const connection = await connect({
          ...connectionTarget(url),
          name,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 250,
          reconnectJitter: 250,
          pingInterval: 10_000,
          maxPingOut: 2,
          timeout: 3_000,
          ignoreAuthErrorAbort: true,
        });
        if (this.closing.signal.aborted) {
          // Told to close while it connected.
          await connection.close();
          return;
        }
        this.connection = connection;
        this.isUp = true;
        for (const start of this.subscriptions) start(connection);
        logger.info('bus connected', { server: connection.getServer() });
        await this.watch(connection);
      } catch (error) {
        if (!this.closing.signal.aborted) logger.warn('bus not reached', { url: withoutCredentials(url), error: (error as Error).message });
      }
      this.isUp = false;
      await pause(500, this.closing.signal);
    }
  }

  private async watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        this.isUp = false;
        if (!this.closing.signal.aborted) this.options.logger.warn('bus connection lost');
      } else if (status.type === 'reconnect') {
        this.isUp = true;
        this.options.logger.info('bus connection is back');
      } else if (status.type === 'error') {
        this.options.logger.warn('bus error', { error: status.error });
      }
    }
    const error = await connection.closed();
    if (error) throw error;
  }

  private async receive<Payload extends z.ZodType>(
    fact: Fact<Payload>,
    handler: (payload: z.infer<Payload>) => void | Promise<void>,
    error: Error | null,
    message: Msg,
  ): Promise<void> {
    if (error) return this.options.logger.error('bus subscription failed', { subject: fact.pattern, error });
    try {
      await handler(fact.payload.parse(decodeMessage(message.data, message.headers).json));
    } catch (thrown) {
      this.options.logger.warn('a fact was not handled', { subject: message.subject, error: thrown });
    }
  }

  private async answer<Request extends z.ZodType, Reply extends z.ZodType>(
    rpc: Rpc<Request, Reply>,
    handler: Handler<Request, Reply>,
    message: Msg,
  ): Promise<void> {
    const requestId = message.headers?.get(requestIdHeader) || randomUUID();
    try {
      const { json, body } = decodeMessage(message.data, message.headers);
      const request = rpc.request.safeParse(json);
      if (!request.success) throw new AppError('invalid_argument', z.prettifyError(request.error));
      const answer = await handler(request.data, { requestId, body });
      if (answer instanceof WithBody) respond(message, { ok: true, value: answer.value }, answer.body);
      else respond(message, { ok: true, value: answer });
    } catch (thrown) {
      const error = thrown instanceof SyntaxError ? new AppError('invalid_argument', 'not a message of ours') : toAppError(thrown);
      if (error.httpStatus >= 500) this.options.logger.error('bus call failed', { subject: rpc.subject, requestId, error });
      respond(message, { ok: false, error: errorBody(error, requestId) });
    }
  }

  private async exchange(
    subject: string,
    payload: Uint8Array,
    headers: ReturnType<typeof newHeaders>,
    options: RequestOptions,
  ): Promise<{ json: unknown; body: Uint8Array }> {
    const connection = this.requireConnection();
    const signal = deadlineSignal(options.timeoutMs, options.signal);
    const aborted = new Promise<never>((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      const message = await Promise.race([
        connection.request(subject, payload, { timeout: options.timeoutMs + 100, headers, noMux: false }),
        aborted,
      ]);
      return decodeMessage(message.data, message.headers);
    } catch (error) {
      throw requestFailure(error, subject, payload.length);
    }
  }
}

function respond(message: Msg, reply: z.infer<typeof Reply>, body?: Uint8Array): void {
  const headers = newHeaders();
  message.respond(encodeMessage(reply, body, headers), { headers });
}

function requestFailure(error: unknown, subject: string, payloadBytes: number): AppError {
  const { name, cause } = error as Error;
  const is = (kind: string) => name === kind || (cause as Error | undefined)?.name === kind;
  if (error instanceof RequestError && error.isNoResponders())
    return new AppError('unavailable', `nobody answers ${subject}`, { cause: error, retryAfterMs: 1_000 });
  if (is('InvalidArgumentError'))
    return new AppError('payload_too_large', `${payloadBytes} bytes are more than the bus carries in one message`, { cause: error });
  if (is('ClosedConnectionError') || is('DrainingConnectionError') || is('ConnectionError'))
    return new AppError('unavailable', 'the bus connection ended', { cause: error, retryAfterMs: 1_000 });
  if (is('AbortError')) return new AppError('cancelled', `the call of ${subject} was cancelled`, { cause: error });
  if (is('TimeoutError')) return new AppError('deadline_exceeded', `no answer on ${subject} in time`, { cause: error });
  return toAppError(error);
}

/** The client takes credentials as options, not inside the URL. A lone user name is a token. */
function connectionTarget(url: string): { servers: string[]; user?: string; pass?: string; token?: string } {
  const parsed = url.split(',').map((one) => new URL(one.includes('://') ? one.trim() : `nats://${one.trim()}`));
  const [first] = parsed;
  const servers = parsed.map(({ host, hostname, port }) => (port ? host : `${hostname}:4222`));
  if (!first?.username) return { servers };
  const user = decodeURIComponent(first.username);
  return first.password ? { servers, user, pass: decodeURIComponent(first.password) } : { servers, token: user };
}
