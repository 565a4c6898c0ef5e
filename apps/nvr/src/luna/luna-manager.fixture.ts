import { claimStreams, offerAnalytics, timezoneFormat, withinPictureKeyword, type StreamFeedback } from '@nightjar/contracts';
import { parseNetwork } from '@nightjar/outbound';
import { logIn, startTestNvr } from '../test-nvr.fixture.js';
import { accountOfTenant } from './luna-account.js';

export const account = accountOfTenant(1);
export const reference = 'rtsp://watch:s3cret@10.0.0.9:554/live';
const peopleCount = {
  analytic_name: 'people_count',
  description: 'counts',
  documentation: '',
  version: '0.3.1',
  parameters: {},
  validation_schema: {
    type: 'object',
    properties: {
      targets: { type: 'array', items: { enum: ['coordinates', 'overview'] } },
      timezone: { type: 'string', format: timezoneFormat },
      url: { type: 'string', format: 'uri' },
      roi: { type: 'object', [withinPictureKeyword]: true },
      seen: { type: 'string', format: 'a-format-of-somebody-else' },
    },
  },
};

/** The ids that answers of the manager have; which of them, the request decides. */
export type Body = Record<string, unknown> & { stream_id: string; agent_id: string; analytic_id: string; group_id: string };

/** An API that serves the manager, to which an agent of ours has offered to count people, with one camera. */
export async function startTestManager() {
  const nvr = await startTestNvr({ lunaTrustedNetworks: [parseNetwork('127.0.0.0/8')!], videoFileNetworks: [parseNetwork('10.0.0.0/8')!] });
  await nvr.bus.request(offerAnalytics, { agent_id: 'ours', analytics: [peopleCount] }, { timeoutMs: 60_000 });
  const data = { framesName: 'yard', name: 'yard', rtspUrl: 'rtsp://10.0.0.1/yard' };
  const { id: cameraId, uuid: cameraUuid } = await nvr.database.camera.create({ data });
  /** As the administrator, below /1. */
  const send = async (method: string, route: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await nvr.fetch(`/1${route}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json().catch(() => undefined)) as Body };
  };
  /** @returns the id of a stream that counts people, or that `more` says otherwise of */
  const createStream = async (more: object = {}) =>
    (await send('POST', '/streams', { name: 'gate', data: { reference }, analytics: [{ analytic_name: 'people_count' }], ...more })).body
      .stream_id;
  const statusOf = async (id: string) => (await send('GET', `/streams/${id}`)).body.status;
  /** What an agent of ours gets. */
  const claim = async (agentId: string, feedback: StreamFeedback[] = []) =>
    (await nvr.bus.request(claimStreams, { agent_id: agentId, slots_total: 50, feedback }, { timeoutMs: 60_000 })).streams;
  const post = async (route: string, body: object) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await nvr.fetch(`/api/v1${route}`, init);
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as { id: number; key: string };
  };
  /** Headers of a user whose role has these permissions, and who sees these cameras. */
  const asUser = async (username: string, permissions: string[], cameraIds: number[] = []) => {
    const credentials = { username, password: 'correct horse battery' };
    const role = await post('/roles', { name: `role of ${username}`, permissions });
    const { id: userId } = await post('/users', { ...credentials, role_id: role.id });
    await nvr.database.cameraGrant.createMany({ data: cameraIds.map((cameraId) => ({ userId, cameraId })) });
    return { authorization: `Bearer ${await logIn(nvr.url, credentials)}` };
  };
  /** Headers of an API key. */
  const asKey = async (cameraIds: number[] | 'all', scopes: string[] = ['cameras:read', 'streams:manage']) => {
    const { key } = await post('/api-keys', { name: 'test', scopes, camera_ids: cameraIds });
    return { authorization: `Bearer ${key}` };
  };
  return { nvr, cameraId, cameraUuid, send, createStream, statusOf, claim, asUser, asKey };
}

export type TestManager = Awaited<ReturnType<typeof startTestManager>>;
