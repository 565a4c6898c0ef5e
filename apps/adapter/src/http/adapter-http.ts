import multipart from '@fastify/multipart';
import { enforcePolicies, equalSecrets, type Authenticate, type DeclaredRoute } from '@nightjar/auth';
import { AppError, startHttpApp, type Health, type HttpApp, type Logger, type RenderError } from '@nightjar/runtime';
import { AppModule, type AppModuleParts } from '../app.module.js';
import { maxPictureBytes } from '../intake/picture-header.js';
import { RequestsInFlight } from './requests-in-flight.js';

export interface AdapterHttpOptions {
  readonly host: string;
  readonly port: number;
  /** Undefined: nobody is asked for a key. */
  readonly apiKey: string | undefined;
  readonly parts: AppModuleParts;
  readonly health: Health;
  readonly logger: Logger;
}

export interface AdapterHttp extends HttpApp {
  requests: RequestsInFlight;
  /** Every route with who may call it. */
  routes: readonly DeclaredRoute[];
}

/** Brings the adapter's HTTP surface up. */
export async function startAdapterHttp(options: AdapterHttpOptions): Promise<AdapterHttp> {
  const { host, port, apiKey, parts, health, logger } = options;
  const requests = new RequestsInFlight();
  let routes: readonly DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with(parts),
    host,
    port,
    logger,
    health,
    bodyLimitBytes: maxPictureBytes,
    configure: async (fastify) => {
      requests.watch(fastify);
      routes = enforcePolicies(fastify, requireApiKey(apiKey));
      await fastify.register(multipart);
    },
    renderError: renderDetail,
  });
  return { ...http, requests, routes };
}

/** `X-API-Key`, compared in constant time. */
function requireApiKey(apiKey: string | undefined): Authenticate {
  return async (request) => {
    const given = request.headers['x-api-key'];
    if (apiKey === undefined) return { kind: 'service', name: 'anonymous' };
    if (typeof given === 'string' && equalSecrets(given, apiKey)) return { kind: 'service', name: 'adapter key' };
    throw new AppError('unauthenticated', 'Invalid or missing API Key');
  };
}

/** Errors as the legacy surface has them: `{"detail": text}`. */
const renderDetail: RenderError = (error) => ({
  body: { detail: error.message },
  ...(error.code === 'unauthenticated' ? { headers: { 'WWW-Authenticate': 'ApiKey' } } : {}),
});
