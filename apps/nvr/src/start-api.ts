import { createRequire } from 'node:module';
import { enforcePolicies, SecretBox, type DeclaredRoute } from '@nightjar/auth';
import { openNvrDatabase } from '@nightjar/database';
import { addLunaHeaders, refuseOtherMethods as refuseOtherLunaMethods, renderLunaError } from '@nightjar/luna';
import { Bus } from '@nightjar/messaging';
import { refuseOtherMethods, startHttpApp, systemClock, type Health, type ProcessContext } from '@nightjar/runtime';
import { WebSocketDoor } from '@nightjar/websocket-door';
import { AppModule, type Authentication } from './app.module.js';
import { RequestAuthenticator } from './auth/request-authenticator.js';
import { SessionsStore } from './auth/sessions.store.js';
import { SessionCheck } from './auth/session-check.js';
import { SignInPolicies } from './auth/sign-in-policies.js';
import { SigningKeys } from './auth/signing-keys.js';
import { DemoCamera } from './cameras/demo-camera.js';
import type { ApiConfig } from './config.js';
import { whenDatabaseAnswers } from './http/database-away.js';
import { readForms } from './http/read-forms.js';
import { renderDetail } from './http/render-error.js';
import { serveDashboard } from './http/serve-dashboard.js';
import { admitInferBodies } from './infer/admit-infer-bodies.js';
import { admitEvidenceBodies } from './internal/admit-evidence-bodies.js';
import { ApiKeys } from './keys/api-keys.js';
import { StreamTickets } from './live/stream-tickets.js';
import { LiveTickets } from './live-view/live-tickets.js';
import { isLunaPath } from './luna/luna-paths.js';
import { PlaybackTickets } from './playback/playback-tickets.js';
import type { ProcessParts } from './process-parts.js';
import { RecordingTickets } from './segments/recording-tickets.js';
import { offerSetup } from './setup/offer-setup.js';
import { SetupTokensStore } from './setup/setup-tokens.store.js';
import { subscribeApi } from './subscriptions.js';
import { BootstrapAdmin } from './users/bootstrap-admin.js';
import { UsersStore } from './users/users.store.js';

/** Bodies are small JSON; nothing but pictures for inference and of events is uploaded here. */
const bodyLimitBytes = 256 * 1024;
/** The password form of OAuth2. */
const formRoutes: ReadonlySet<string> = new Set(['/api/v1/auth/login']);
/** Clients of live streams have nothing to say, and little time to answer a close. */
const doorLimits = { maxMessageBytes: 4_096, closeTimeoutMs: 2_000 };

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Brings the API process up. It serves while database or bus are away, and says so on /readyz. */
export async function startApi(
  { health, logger, shutdown }: ProcessContext,
  config: ApiConfig,
): Promise<{ url: string; routes: DeclaredRoute[] }> {
  const database = openNvrDatabase({ url: config.databaseUrl });
  shutdown.register('database', () => database.$disconnect());
  const bus = Bus.open({ url: config.natsUrl, name: 'nvr', logger });
  shutdown.register('bus', () => bus.close());
  const parts: ProcessParts<ApiConfig> = { config, logger, clock: systemClock, database, bus, secretBox: new SecretBox(config.secretKey) };
  const authentication = prepareAuthentication(parts);
  const start = { isPrepared: false };
  addReadinessChecks(health, parts, start);
  const door = new WebSocketDoor(doorLimits);
  let routes: DeclaredRoute[] = [];
  const http = await startHttpApp({
    module: AppModule.with(parts, authentication, { door, health }),
    host: config.host,
    port: config.port,
    logger,
    health,
    bodyLimitBytes,
    trustedProxies: config.trustedProxies,
    configure: async (fastify) => {
      // Who is not let in hears the id of his request too.
      addLunaHeaders(fastify, { clock: systemClock, version, isLunaPath });
      refuseOtherLunaMethods(fastify, isLunaPath);
      refuseOtherMethods(fastify, { isOwn: (url) => url.startsWith('/api/v1/'), body: { detail: 'Method Not Allowed' } });
      routes = enforcePolicies(fastify, (request) => authentication.authenticator.authenticate(request));
      readForms(fastify, formRoutes);
      admitInferBodies(fastify);
      admitEvidenceBodies(fastify, bodyLimitBytes);
      door.attach(fastify);
      await serveDashboard(fastify, config.dashboardDir);
    },
    renderError: (error, request) => (isLunaPath(request.url) ? renderLunaError(error, request) : renderDetail(error)),
  });
  shutdown.register('http', () => http.close());
  subscribeApi(bus, http.app);
  await whenDatabaseAnswers(shutdown.signal, async () => {
    await authentication.signingKeys.signingKey();
    await http.app.get(BootstrapAdmin).ensure();
    await offerSetup(http.app.get(SetupTokensStore), (text) => process.stdout.write(text));
    await http.app.get(DemoCamera).ensure();
    start.isPrepared = true;
  });
  return { url: http.url, routes };
}

function prepareAuthentication({ clock, config, database, secretBox }: ProcessParts<ApiConfig>): Authentication {
  const users = new UsersStore(database);
  const signingKeys = new SigningKeys({ database, secretBox, clock });
  const tickets = new RecordingTickets(config.secretKey, clock);
  const policies = new SignInPolicies(database, clock);
  const sessions = new SessionCheck({ users, sessions: new SessionsStore(database, config), policies, clock });
  const streamTickets = new StreamTickets(database, users, sessions);
  const apiKeys = new ApiKeys(database, clock);
  const liveTickets = new LiveTickets({ secretKey: config.secretKey, users, sessions, apiKeys, clock });
  const playbackTickets = new PlaybackTickets(database, users, sessions);
  const authenticator = new RequestAuthenticator({
    issuer: config.issuer,
    internalApiKey: config.internalApiKey,
    lunaTrustedNetworks: config.lunaTrustedNetworks,
    signingKeys,
    users,
    sessions,
    apiKeys,
    tickets,
    streamTickets,
    liveTickets,
    playbackTickets,
  });
  return { users, policies, sessions, signingKeys, apiKeys, tickets, streamTickets, liveTickets, playbackTickets, authenticator };
}

function addReadinessChecks(health: Health, { bus, database }: ProcessParts<ApiConfig>, start: { isPrepared: boolean }): void {
  health.addCheck('database', async () => {
    await database.$queryRaw`SELECT 1`;
    return start.isPrepared ? undefined : 'first users and cameras are not there yet';
  });
  health.addCheck('bus', () => (bus.connected ? undefined : 'not connected'));
}
