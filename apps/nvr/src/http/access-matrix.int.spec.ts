import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JwtService } from '@nestjs/jwt';
import { generateApiKey, jwtAlgorithm, jwtAudience, SecretBox, type DeclaredRoute } from '@nightjar/auth';
import { systemClock } from '@nightjar/runtime';
import { SigningKeys } from '../auth/signing-keys.js';
import { jsonRequest } from '../playback/recorded-time.fixture.js';
import { accountOfTenant } from '../luna/luna-account.js';
import { RecordingTickets, ticketLifeMs } from '../segments/recording-tickets.js';
import { SocketReader } from '../socket-reader.fixture.js';
import { AccessMatrixFixture, internalApiKey, keyScopes, type Headers, type Ours } from './access-matrix.fixture.js';
import { AccessRequests } from './access-requests.fixture.js';
import type { AccessSample } from './access-sample.fixture.js';
import { accessSamples } from './access-samples.fixture.js';

/** What each user may do, whatever his role: about himself, a ticket that opens nothing which he may not see, and apps. */
const withoutPermission = [
  'GET /api/v1/apps',
  'GET /api/v1/apps/:appId/config',
  'GET /api/v1/apps/:appId/status',
  'GET /api/v1/auth/me',
  'GET /api/v1/users/me',
  'GET /api/v1/users/me/permissions',
  'POST /api/v1/apps/register',
  'POST /api/v1/auth/change-password',
  'POST /api/v1/auth/logout',
  'POST /api/v1/auth/mfa/disable',
  'POST /api/v1/auth/mfa/recovery-codes',
  'POST /api/v1/auth/mfa/setup',
  'POST /api/v1/auth/mfa/verify',
  'POST /api/v1/events/ws-ticket',
  'PUT /api/v1/users/me',
];

/** What a careless program takes for something: names of prototypes, numbers, folders; what is too long, too large, or no UTF-8. */
const oddIds = [
  '__proto__',
  '1e3',
  '0x1',
  '1.0',
  '2147483648',
  '99999999999999999999',
  '..%2f1',
  '%2e%2e',
  '1%00',
  '%ff',
  'a'.repeat(2_000),
];

let fixture: AccessMatrixFixture;
let ours: Ours;
let requests: AccessRequests;
let samples: AccessSample[];
let policies: Map<string, DeclaredRoute['policy']>;
let guard: Headers;
/** Sees the other camera, with every permission. */
let neighbour: Headers;
/** Sees no camera, with every permission. */
let stranger: Headers;

beforeAll(async () => {
  fixture = await AccessMatrixFixture.start();
  ({ ours } = fixture);
  requests = new AccessRequests(fixture.nvr.url, ours.ids);
  samples = accessSamples(ours);
  policies = new Map(
    fixture.nvr.routes.filter(({ policy }) => policy.kind !== 'public').map(({ method, policy, url }) => [`${method} ${url}`, policy]),
  );
  guard = await fixture.signIn('guard');
  neighbour = (await fixture.addUser('neighbour', { cameras: [ours.otherCamera] })).headers;
  stranger = (await fixture.addUser('stranger')).headers;
});
afterAll(() => fixture?.stop());

function headersFor({ as }: AccessSample): Headers {
  if (as === 'service') return { 'x-internal-api-key': internalApiKey };
  return as === 'admin' ? { authorization: `Bearer ${fixture.nvr.token}` } : guard;
}

const scopeOf = ({ route }: AccessSample) => {
  const policy = policies.get(route);
  return policy?.kind === 'authenticated' ? policy.scope : undefined;
};
/** Whether no user but an admin gets further than the policy, whatever his role. */
const isForPrograms = ({ route }: AccessSample) => {
  const policy = policies.get(route);
  return policy?.kind === 'authenticated' && policy.programsOnly === true;
};
/** Whether a key with this scope gets further than the policy. */
const opensTo = (sample: AccessSample, scopes: readonly string[]) => {
  const policy = policies.get(sample.route);
  return policy?.kind === 'authenticated' && !policy.usersOnly && policy.scope !== undefined && scopes.includes(policy.scope);
};

async function postJson(pathname: string, body: object, headers: Headers): Promise<Record<string, string>> {
  return (await fixture.made(pathname, body, headers)) as Record<string, string>;
}

describe('every route of the NVR (T5, T6, T10: CVE-2026-33470, GHSA-74x4-gw64-2mq5, GHSA-hh3j-7g2f-43j2, CVE-2026-54258)', () => {
  it('has its samples here', () => {
    const declared = [...policies.keys()].filter((route) => !route.startsWith('HEAD '));
    expect([...new Set(samples.map(({ route }) => route))].sort()).toEqual(declared.sort());
  });

  it('refuses whoever has no credential, or one that is over, with 401', async () => {
    const ended = await fixture.signIn('guard');
    await postJson('/api/v1/auth/logout', {}, ended);
    const off = await fixture.addUser('former');
    await fixture.nvr.fetch(`/api/v1/users/${off.id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"is_active":false}',
    });
    const oneOfEach = [...new Map(samples.map((sample) => [sample.route, sample])).values()];
    const past = new Date(Date.now() - 1_000);
    expect((await requests.send('/api/v1/users/me', { headers: await tokenFor(60) })).status).toBe(200);
    for (const headers of [
      {} as Headers,
      { 'x-api-key': generateApiKey() },
      { 'x-internal-api-key': 'another key' },
      await fixture.addKey({ revokedAt: past }),
      await fixture.addKey({ expiresAt: past }),
      await tokenFor(-60),
      ended,
      off.headers,
    ])
      expect(await requests.exceptions(oneOfEach, headers, 401)).toEqual([]);
  });

  it('refuses keys without its scope, and every key where none opens it, with 403', async () => {
    for (const scope of keyScopes) {
      const headers = await fixture.addKey({ scopes: [scope] });
      const closed = samples.filter((sample) => !opensTo(sample, [scope]));
      expect(await requests.exceptions(closed, headers, 403)).toEqual([]);
    }
  });

  it('refuses a role without the permission with 403, whatever cameras its users see', async () => {
    const { headers } = await fixture.addUser('bare', { cameras: [ours.camera], permissions: [] });
    const open = samples.filter((sample) => policies.get(sample.route)?.kind === 'authenticated' && scopeOf(sample) === undefined);
    expect([...new Set(open.map(({ route }) => route))].sort()).toEqual(withoutPermission);
    const asked = samples.filter((sample) => !open.includes(sample));
    expect(await requests.exceptions(asked, headers, 403)).toEqual([]);
    expect(await requests.exceptions(asked, await fixture.signIn('bare'), 403)).toEqual([]);
  });

  it('refuses everybody but admins with 403 where only they may, and everybody but services on internal routes', async () => {
    const forAdmins = samples.filter(({ route }) => policies.get(route)?.kind === 'superuser');
    expect(forAdmins.length).toBeGreaterThan(30);
    for (const headers of [guard, stranger]) expect(await requests.exceptions(forAdmins, headers, 403)).toEqual([]);
    const internal = samples.filter(({ route }) => route.includes('/internal/'));
    for (const headers of [guard, { authorization: `Bearer ${fixture.nvr.token}` }])
      expect(await requests.exceptions(internal, headers, 403)).toEqual([]);
  });

  it('lets programs and admins work on streams, and nobody else whose role manages them', async () => {
    const forPrograms = samples.filter(isForPrograms);
    expect(forPrograms.map(({ route }) => route).sort()).toEqual([
      'DELETE /1/agents/:agentId',
      'POST /1/agents',
      'POST /1/agents/:agentId/feedback',
      'POST /1/agents/:agentId/streams',
    ]);
    for (const headers of [guard, stranger]) expect(await requests.exceptions(forPrograms, headers, 403)).toEqual([]);
  });

  it('lets the internal key through to internal routes, to apps and to adapters, and nowhere else', async () => {
    const service = { 'x-internal-api-key': internalApiKey };
    const elsewhere = samples.filter(({ route }) => !/ \/api\/v1\/(internal|apps|infer|adapters)(\/|$)/.test(route));
    expect(await requests.exceptions(elsewhere, service, 401)).toEqual([]);
    const ofAdmins = samples.filter(({ as, route }) => route.includes('/apps') && as === 'admin');
    expect(await requests.exceptions(ofAdmins, service, 403)).toEqual([]);
  });

  it('lets an agent of a trusted network, which names an account, through to agents and analytics of that account only', async () => {
    const isOpen = ({ route }: AccessSample) => / \/1\/(agents|analytics)(\/|$)/.test(route);
    const [ofUs, ofOthers] = [1, 2].map((tenantId): Headers => ({ 'luna-account-id': accountOfTenant(tenantId) }));
    for (const headers of [ofUs!, ofOthers!])
      expect(
        await requests.exceptions(
          samples.filter((sample) => !isOpen(sample)),
          headers,
          401,
        ),
      ).toEqual([]);
    const named = samples.filter((sample) => isOpen(sample) && sample.route.includes('/:'));
    expect(named.length).toBeGreaterThan(5);
    expect(await requests.exceptions(named, ofOthers!, 404)).toEqual([]);
    const asked = named.filter(({ route }) => route.startsWith('POST '));
    const isOfCamera = async (sample: AccessSample) =>
      (await requests.ask(sample, ofUs!)).text.includes('rtsp') ? 'an address' : undefined;
    expect(await requests.findings(asked, isOfCamera)).toEqual([]);
  });

  it('hides a camera and all that is of it from who sees another one or none, and leaves everything as it was', async () => {
    const keyOfOther = await fixture.addKey({ cameraIds: [ours.otherCamera.id] });
    const before = await rowsOfOurs();
    for (const headers of [neighbour, stranger, keyOfOther]) {
      const isKey = headers === keyOfOther;
      const asked = samples.filter((sample) => (isKey ? opensTo(sample, keyScopes) : !isForPrograms(sample)));
      const about = asked.filter(({ others }) => others === 'hidden');
      expect(await requests.exceptions(about, headers, 404)).toEqual([]);
      const withHead = about.filter(({ route }) => route.startsWith('GET '));
      expect(
        await requests.findings(withHead, async (sample) => {
          const { status } = await requests.ask(sample, headers, { method: 'HEAD' });
          return status === 404 ? undefined : `HEAD ${status}`;
        }),
      ).toEqual([]);
      const lists = asked.filter(({ others }) => others === 'nothing');
      expect(
        await requests.findings(lists, async (sample) => {
          const { status, text } = await requests.ask(sample, headers);
          if (status !== sample.ok) return String(status);
          return /of-ours/.test(text) || (sample.shows !== undefined && text.includes(sample.shows)) ? text : undefined;
        }),
      ).toEqual([]);
    }
    expect(await rowsOfOurs()).toEqual(before);
  });

  it('takes tickets for what they were given for only', async () => {
    const { headers: both } = await fixture.addUser('both', { cameras: [ours.camera, ours.otherCamera] });
    const camera = `/api/v1/cameras/${ours.camera.id}`;
    const other = `/api/v1/cameras/${ours.otherCamera.id}`;
    const { url: snapshot = '' } = await postJson(`${camera}/snapshot-url`, {}, both);
    const { url: playlist = '' } = await postJson(`${camera}/live/ticket`, {}, both);
    const span = { start_unix: ours.startUnix, end_unix: ours.endUnix };
    const { ticket: recording = '' } = await postJson('/api/v1/recordings/ticket', { camera_id: ours.camera.id, ...span }, both);
    const second = { camera_id: ours.camera.id, start_unix: ours.startUnix, end_unix: ours.startUnix + 1 };
    const { ticket: narrow = '' } = await postJson('/api/v1/recordings/ticket', second, both);
    const { download_url: file = '' } = await postJson(`/api/v1/exports/${ours.ids.exports}/ticket`, {}, guard);
    const { ticket: stream = '' } = await postJson('/api/v1/events/ws-ticket', {}, both);
    const ticketOf = (url: string) => url.split('ticket=')[1] ?? '';
    const units = `start_unix=${ours.startUnix}&end_unix=${ours.endUnix}`;
    const live = playlist.replace('index.m3u8', 'init-1.mp4');
    for (const [address, status] of [
      // Where they belong.
      [snapshot, 200],
      [ours.sessionUrl, 200],
      [file, 200],
      [`/api/v1/recordings/files/${ours.segmentId}.mp4?ticket=${recording}`, 200],
      [`/api/v1/recordings/${ours.camera.id}/clip.mp4?${units}&ticket=${recording}`, 200],
      [`/api/v1/recordings/${ours.camera.id}/frame.jpg?at_unix=${ours.startUnix}&ticket=${recording}`, 200],
      // The same for another camera, another range, another thing.
      [snapshot.replace(camera, other), 401],
      [live.replace(camera, other), 401],
      [`${camera}/snapshot?ticket=${ticketOf(playlist)}`, 401],
      [live.replace(ticketOf(playlist), ticketOf(snapshot)), 401],
      [live.replace(ticketOf(playlist), recording), 401],
      [live.replace(ticketOf(playlist), stream), 401],
      [`/api/v1/recordings/files/${ours.otherSegmentId}.mp4?ticket=${recording}`, 404],
      [`/api/v1/recordings/${ours.otherCamera.id}/clip.mp4?${units}&ticket=${recording}`, 404],
      [`/api/v1/recordings/${ours.otherCamera.id}/frame.jpg?at_unix=${ours.startUnix}&ticket=${recording}`, 404],
      [`/api/v1/recordings/${ours.camera.id}/clip.mp4?${units}&ticket=${narrow}`, 404],
      [`/api/v1/recordings/${ours.camera.id}/frame.jpg?at_unix=${ours.startUnix}&ticket=${narrow}`, 200],
      [`/api/v1/recordings/${ours.camera.id}/frame.jpg?at_unix=${ours.startUnix + 1.5}&ticket=${narrow}`, 404],
      [`/api/v1/recordings/files/${ours.segmentId}.mp4?ticket=${ticketOf(playlist)}`, 401],
      [ours.sessionUrl.replace(String(ours.ids.session), '01890000-0000-7000-8000-000000000000'), 401],
      [ours.sessionUrl.replace(ticketOf(ours.sessionUrl), ticketOf(file)), 401],
      [file.replace(String(ours.ids.exports), '01890000-0000-7000-8000-000000000000'), 404],
      [`/api/v1/recordings/export?ticket=${ticketOf(file)}`, 403],
      [`/api/v1/recordings/export?ticket=${stream}`, 403],
      // Routes that take no tickets at all.
      ...[recording, stream, ticketOf(playlist)].map((ticket): [string, number] => [`/api/v1/events?ticket=${ticket}`, 401]),
      [`/api/v1/recordings/${ours.camera.id}?${units}&ticket=${recording}`, 401],
    ] as [string, number][])
      expect([address, (await requests.send(address)).status]).toEqual([address, status]);
  });

  it('ends tickets with the right to their camera, with their time, and with the login of who asked for them (T9: CVE-2026-33124)', async () => {
    const { database, config } = fixture.nvr;
    const { headers, id: userId } = await fixture.addUser('leaver', { cameras: [ours.camera] });
    const { id: cameraId } = ours.camera;
    const { url: snapshot = '' } = await postJson(`/api/v1/cameras/${cameraId}/snapshot-url`, {}, headers);
    const span = { start_unix: ours.startUnix, end_unix: ours.endUnix };
    const { ticket = '' } = await postJson('/api/v1/recordings/ticket', { camera_id: cameraId, ...span }, headers);
    const query = `camera_id=${cameraId}&start=${ours.startUnix}&end=${ours.endUnix}`;
    const { text } = await requests.send(`/api/v1/recordings/playback/hls?${query}`, { headers });
    const { manifest_url: session } = JSON.parse(text) as { manifest_url: string };
    const recorded = (ofTicket: string) => [
      `/api/v1/recordings/files/${ours.segmentId}.mp4?ticket=${ofTicket}`,
      `/api/v1/recordings/${cameraId}/clip.mp4?start_unix=${ours.startUnix}&end_unix=${ours.endUnix}&ticket=${ofTicket}`,
      `/api/v1/recordings/${cameraId}/frame.jpg?at_unix=${ours.startUnix}&ticket=${ofTicket}`,
    ];
    const statusesOf = (addresses: string[]) => Promise.all(addresses.map(async (address) => (await requests.send(address)).status));
    const opened = [snapshot, session, ...recorded(ticket)];
    expect(await statusesOf(opened)).toEqual([200, 200, 200, 200, 200]);
    await database.cameraGrant.deleteMany({ where: { userId } });
    expect(await statusesOf(opened)).toEqual([404, 404, 404, 404, 404]);
    await database.cameraGrant.create({ data: { userId, cameraId } });
    const old = new RecordingTickets(config.secretKey, { ...systemClock, wallMs: () => Date.now() - ticketLifeMs });
    const { tokenVersion } = await database.user.findUniqueOrThrow({ where: { id: userId } });
    const range = { fromUnixMs: ours.startUnix * 1_000, toUnixMs: ours.endUnix * 1_000 };
    expect(await statusesOf(recorded(old.issue({ cameraId, userId, tokenVersion, ...range })))).toEqual([401, 401, 401]);
    expect(await statusesOf(opened)).toEqual([200, 200, 200, 200, 200]);
    await postJson('/api/v1/auth/logout', {}, headers);
    expect(await statusesOf(opened)).toEqual([401, 401, 401, 401, 401]);
  });

  it('asks the same questions of WebSockets, and refuses pages of other sites (T12)', async () => {
    const sockets = ['cameras/:id/live', 'events/stream?camera_id=:id', 'events/ws?camera_id=:id'];
    for (const socket of sockets.map((text) => text.replace(':id', String(ours.camera.id))))
      for (const [headers, expected] of [
        [{}, 401],
        [neighbour, 404],
        [stranger, 404],
        [await fixture.addKey({ scopes: ['recordings:read'] }), 403],
        [await fixture.addKey({ cameraIds: [ours.otherCamera.id] }), 404],
        [{ ...guard, origin: 'https://elsewhere.example' }, 403],
        [guard, undefined],
        [{ ...guard, origin: fixture.nvr.url }, undefined],
      ] as [Headers, number | undefined][]) {
        const reader = await SocketReader.open(`${fixture.nvr.url}/api/v1/${socket}`, headers);
        reader.close();
        expect([socket, headers.origin, reader.refused?.status]).toEqual([socket, headers.origin, expected]);
      }
  });

  it('sends a live message to those only who see its camera', async () => {
    const open = (headers: Headers) => SocketReader.open(`${fixture.nvr.url}/api/v1/events/stream?types=notification`, headers);
    const key = await fixture.addKey({ cameraIds: [ours.otherCamera.id] });
    const [ofGuard, ...ofOthers] = await Promise.all([guard, neighbour, stranger, key].map(open));
    await fixture.addEvent(ours.camera);
    await fixture.addEvent(ours.otherCamera);
    // What comes for the other camera comes after ours would have come.
    await Promise.all([0, 2].map((index) => ofOthers[index]!.until((reader) => reader.of('notification').length > 0)));
    await ofGuard!.until((reader) => reader.of('notification').length > 0);
    const camerasOf = (reader: SocketReader) => reader.of('notification').map(({ data }) => (data as { camera_id: number }).camera_id);
    expect([ofGuard!, ...ofOthers].map(camerasOf)).toEqual([[ours.camera.id], [ours.otherCamera.id], [], [ours.otherCamera.id]]);
    for (const reader of [ofGuard!, ...ofOthers]) reader.close();
  });

  it.each(oddIds.map((id) => [id.slice(0, 20), id]))(
    'takes nothing odd for an id (%s) and answers no 5xx (R19, T18)',
    async (_name, odd) => {
      const asked = samples.filter(({ query, route }) => route.includes(':') || /camera_id|path=/.test(query ?? ''));
      expect(
        await requests.findings(asked, async (sample) => {
          const status = await requests.askOdd(sample, headersFor({ ...sample, as: sample.as ?? 'admin' }), odd);
          return status >= 400 && status < 500 && ![401, 403].includes(status) ? undefined : String(status);
        }),
      ).toEqual([]);
    },
  );

  it('lets through who may, and keeps what it says out of caches (T8: GHSA-4vfc-hxpj-f7x7)', async () => {
    for (const sample of samples.filter(({ ok }) => ok !== undefined)) {
      const { cacheControl, status, text } = await requests.ask(sample, headersFor(sample), { wanted: sample.shows });
      const shown = sample.shows === undefined || text.includes(sample.shows) ? sample.shows : text;
      expect([sample.route, sample.query, status, shown, cacheControl]).toEqual([
        sample.route,
        sample.query,
        sample.ok,
        sample.shows,
        expect.stringContaining('no-store'),
      ]);
    }
  });

  it('lets nobody without the second factor that a role needs do more than set it up', async () => {
    await fixture.nvr.fetch('/api/v1/password-policy', jsonRequest('PUT', { require_mfa_for_privileged: true }));
    const headers = await fixture.signIn('neighbour');
    const asked = samples.filter(({ route }) => !route.includes(' /api/v1/auth/'));
    expect(await requests.exceptions(asked, headers, 403)).toEqual([]);
  });
});

async function rowsOfOurs() {
  const { database } = fixture.nvr;
  return Promise.all([
    database.camera.findMany({ orderBy: { id: 'asc' }, select: { id: true, name: true, updatedAt: true } }),
    database.segment.findMany({ orderBy: { id: 'asc' } }),
    database.event.findMany({ orderBy: { id: 'asc' } }),
    database.eventReview.findMany(),
    database.protection.findMany(),
    database.export.findMany(),
    database.playbackSession.findMany(),
    database.eventRule.findMany(),
    database.lunaStream.findMany({ orderBy: { id: 'asc' } }),
    database.user.count(),
  ]);
}

/** A token of the guard as the NVR signs it. */
async function tokenFor(seconds: number): Promise<Headers> {
  const { config, database } = fixture.nvr;
  const keys = new SigningKeys({ database, secretBox: new SecretBox(config.secretKey), clock: systemClock });
  const { kid, privatePem } = await keys.signingKey();
  const { id: uid, tokenVersion: ver } = await database.user.findUniqueOrThrow({ where: { username: 'guard' } });
  const claims = { sub: 'guard', uid, ver, tid: 1, adm: false, typ: 'access' };
  const signing = { algorithm: jwtAlgorithm, keyid: kid, privateKey: privatePem, issuer: config.issuer, audience: jwtAudience } as const;
  return { authorization: `Bearer ${await new JwtService({}).signAsync(claims, { ...signing, expiresIn: seconds, notBefore: -120 })}` };
}
