import { randomUUID } from 'node:crypto';
import { maxHeaderSize, type IncomingMessage } from 'node:http';
import { Catch, type ArgumentsHost, type DynamicModule, type ExceptionFilter, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, toAppError } from './app-error.js';
import type { Health } from './health.js';
import { checkJsonShape, type JsonShapeLimits } from './json-shape.js';
import type { Logger } from './logger.js';

/** What a face answers for an error; each wire contract has its own body. */
export interface RenderedError {
  /** Where the contract has another one than the error's kind. */
  httpStatus?: number;
  body: unknown;
  contentType?: string;
  headers?: Record<string, string>;
}
export type RenderError = (error: AppError, request: FastifyRequest) => RenderedError;

interface HttpAppOptions {
  module: Type | DynamicModule;
  host: string;
  port: number;
  logger: Logger;
  health: Health;
  /** Largest body that is read into memory; streamed bodies count their own bytes. */
  bodyLimitBytes: number;
  /** How much structure JSON bodies may have; absent: as much as their bytes hold. */
  jsonShape?: JsonShapeLimits;
  /** Whether `configure` adds the parsers of all bodies, JSON included; else it adds those of what is not JSON, and the rest is 415. */
  ownBodyParsers?: boolean;
  /**
   * Called before any route exists: hooks, plugins and content type parsers go here. A plugin with routes of its own sets
   * `answerError` as its error handler: Nest's filter is not there yet.
   */
  configure?: (fastify: FastifyInstance, answerError: AnswerError) => void | Promise<void>;
  renderError?: RenderError;
  /** Another path for a request, before a route is looked for; gets and gives the path with its query. */
  rewriteUrl?: (url: string) => string;
  /** Addresses and networks whose `X-Forwarded-*` headers are believed (CIDR); absent: nobody's. */
  trustedProxies?: readonly string[];
}

export interface HttpApp {
  app: NestFastifyApplication;
  /** Where it listens, e.g. `http://127.0.0.1:8000`. */
  url: string;
  close(): Promise<void>;
}

/** RFC 9457 body for our own routes. */
const renderProblem: RenderError = (error, request) => ({
  contentType: 'application/problem+json',
  body: {
    type: 'about:blank',
    title: error.code,
    status: error.httpStatus,
    detail: error.message,
    code: error.code,
    requestId: request.id,
    ...error.details,
  },
});

/**
 * Brings a Nest module up on Fastify with request ids, access log, health routes, safe headers and one error filter.
 * @throws the listen error (EADDRINUSE, EACCES) when the address can't be had
 */
export async function startHttpApp(options: HttpAppOptions): Promise<HttpApp> {
  const answer = errorAnswerer(options.logger, options.renderError ?? renderProblem);
  const { rewriteUrl, trustedProxies = [] } = options;
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimitBytes,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    ...(rewriteUrl && { rewriteUrl: ({ url }: IncomingMessage) => rewriteUrl(url ?? '/') }),
    // Without it close() waits for ever for an open SSE client.
    forceCloseConnections: true,
    genReqId: (request: IncomingMessage) => acceptedRequestId(request.headers['x-request-id']) ?? randomUUID(),
    // No parameter is longer than Node lets a URL be: handlers answer for all of them.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: maxHeaderSize },
    // Before any route is looked for: a path with broken percent signs. Fastify's own text repeats the URL.
    frameworkErrors: (cause: Error, request: FastifyRequest, reply: FastifyReply) =>
      answer(new AppError('invalid_argument', 'not a valid URL', { cause }), request, reply),
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  addRequestHooks(fastify, options.logger);
  await options.configure?.(fastify, answer);
  if (!options.ownBodyParsers) {
    readJson(fastify, options.jsonShape);
    refuseOtherBodies(fastify);
  }
  // Nest's own parsers take a form for JSON on every route.
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    logger: false,
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new ErrorFilter(answer));
  options.health.register(fastify);
  await app.listen(options.port, options.host);
  const address = app.getHttpServer().address() as { port: number };
  const hostInUrl = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { app, url: `http://${hostInUrl}:${address.port}`, close: () => app.close() };
}

/**
 * Reads JSON bodies as Fastify does, which refuses `__proto__` and `constructor.prototype`, after a look at their shape. An empty one is
 * no body: clients put the type on whatever they send.
 */
function readJson(fastify: FastifyInstance, limits: JsonShapeLimits | undefined): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined);
    if (limits) checkJsonShape(body, limits);
    void parse(request, body as unknown as string, done);
  });
}

/** For types that nobody has a parser for. Without bytes there is no body, whatever its type: `curl -d ''` calls it a form. */
function refuseOtherBodies(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('text/plain');
  fastify.addContentTypeParser('*', (request, _payload, done) => {
    if (request.is404 || isEmpty(request)) done(null, undefined);
    else done(new AppError('unsupported_media_type', 'Unsupported media type: send application/json'));
  });
}

/** By what its headers announce: no byte is read. */
function isEmpty({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

function acceptedRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\x21-\x7e]{1,128}$/.test(header) ? header : undefined;
}

function addRequestHooks(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('X-Request-Id', request.id).header('X-Content-Type-Options', 'nosniff').header('Referrer-Policy', 'no-referrer');
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('Cache-Control')) void reply.header('Cache-Control', 'no-store');
    done(null, payload);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const quiet = reply.statusCode < 400 && (request.method === 'GET' || request.method === 'HEAD');
    // The route's pattern, not the URL: a query string may hold a ticket.
    const fields = {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      requestId: request.id,
    };
    logger[quiet ? 'debug' : 'info']('request', fields);
    done();
  });
}

/** Renders, logs and sends whatever was thrown. */
export type AnswerError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/** The last stop of every error of an HTTP request: client faults log at info without a stack, ours at error with the cause. */
function errorAnswerer(logger: Logger, render: RenderError): AnswerError {
  return (thrown, request, reply) => {
    const error = request.is404 && !(thrown instanceof AppError) ? noSuchRoute(request) : toAppError(thrown);
    const fields = { route: request.routeOptions?.url, code: error.code, requestId: request.id, error };
    // Too much at once is the callers' doing, and comes by the thousand.
    if (error.httpStatus >= 500 && error.code !== 'overloaded') logger.error('request failed', fields);
    else logger.info('request refused', { ...fields, error: error.message });
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const rendered = render(error, request);
    if (error.retryAfterMs !== undefined) void reply.header('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
    void reply
      .headers(rendered.headers ?? {})
      .code(rendered.httpStatus ?? error.httpStatus)
      .type(rendered.contentType ?? 'application/json')
      .send(rendered.body);
  };
}

/** Without the query, which may hold a ticket. */
function noSuchRoute({ method, originalUrl }: FastifyRequest): AppError {
  return new AppError('not_found', `Cannot ${method} ${originalUrl.replace(/\?.*/s, '')}`);
}

@Catch()
class ErrorFilter implements ExceptionFilter {
  constructor(private readonly answer: AnswerError) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}
