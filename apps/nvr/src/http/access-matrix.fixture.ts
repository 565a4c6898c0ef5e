import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { generateApiKey, hashApiKey } from '@nightjar/auth';
import { parseNetwork } from '@nightjar/outbound';
import { makeTestVideo, until } from '@nightjar/testing';
import { readAdapters } from '../infer/adapter-directory.js';
import { addRecording, jsonRequest, type TestCameraRow } from '../playback/recorded-time.fixture.js';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { permissionNames } from '../roles/permissions.js';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

export const internalApiKey = 'the internal key of this installation';
const password = 'a battery of staples 7';
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 2, 0, 2, 1, 1, 0x11, 0, 0xff, 0xd9]);
const fileSeconds = 2;
export const keyScopes = ['cameras:read', 'recordings:read', 'events:read', 'streams:manage', 'inference:run'];

export type Headers = Record<string, string>;

/** What is there to be seen or not: all of it is the guard's, who owns the camera, or about that camera. */
export interface Ours {
  camera: TestCameraRow;
  /** Of the neighbours, with a recording of its own. */
  otherCamera: TestCameraRow;
  /** Unix seconds of the recording of our camera; the other one's begins a second later. */
  startUnix: number;
  endUnix: number;
  segmentId: number;
  otherSegmentId: number;
  /** What stands for a parameter of a route; `:id` by the collection that it is of. */
  ids: Record<string, string>;
  /** With the session's ticket. */
  sessionUrl: string;
}

/** An NVR with two cameras that have recordings, everything that can be asked for about one of them, and people with rights on either. */
export class AccessMatrixFixture {
  /** The newest ones of cameras. They stay as fresh as those of an agent that works. */
  private readonly pictures: string[] = [];
  private readonly drawing = setInterval(() => {
    const nowUnix = Date.now() / 1_000;
    for (const picture of this.pictures) void utimes(picture, nowUnix, nowUnix);
  }, 2_000);

  private constructor(
    readonly nvr: TestNvr,
    readonly ours: Ours,
    private readonly directory: string,
  ) {}

  static async start(): Promise<AccessMatrixFixture> {
    const loopback = parseNetwork('127.0.0.0/8')!;
    const [nvr, directory] = await Promise.all([
      startTestNvr({
        internalApiKey,
        infer: { adapters: readAdapters({ ownUrl: 'http://127.0.0.1:19996', others: [] }), headers: {} },
        lunaTrustedNetworks: [loopback],
        cameraNetworks: ['127.0.0.0/8'],
        webhooks: { networks: [loopback], ownPorts: [], signatureFormat: 'sha256=hex' },
      }),
      mkdtemp(path.join(os.tmpdir(), 'nightjar-access-')),
    ]);
    const fixture = new AccessMatrixFixture(nvr, {} as Ours, directory);
    await fixture.makeOurs();
    return fixture;
  }

  async stop(): Promise<void> {
    clearInterval(this.drawing);
    await this.nvr.stop();
    await rm(this.directory, { recursive: true });
  }

  /** A user whose role holds these permissions, who sees these cameras. @returns his id, and headers of a session of his */
  async addUser(
    username: string,
    { cameras = [], permissions = permissionNames }: { cameras?: readonly TestCameraRow[]; permissions?: readonly string[] } = {},
  ): Promise<{ id: number; headers: Headers }> {
    const role = await this.made('/api/v1/roles', { name: `role of ${username}`, permissions });
    const user = await this.made('/api/v1/users', { username, password, role_id: role.id });
    const id = Number(user.id);
    await this.nvr.fetch(`/api/v1/users/${id}/cameras`, jsonRequest('PUT', { camera_ids: cameras.map((camera) => camera.id) }));
    return { id, headers: await this.signIn(username) };
  }

  async signIn(username: string): Promise<Headers> {
    return { authorization: `Bearer ${await logIn(this.nvr.url, { username, password })}` };
  }

  async addKey(columns: { scopes?: string[]; cameraIds?: number[]; revokedAt?: Date; expiresAt?: Date }): Promise<Headers> {
    const key = generateApiKey();
    const row = {
      id: randomUUID(),
      tenantId: 1,
      name: 'test',
      prefix: key.slice(0, 11),
      sha256: Uint8Array.from(hashApiKey(key)),
      allCameras: !columns.cameraIds,
    };
    await this.nvr.database.integrationKey.create({ data: { ...row, scopes: keyScopes, cameraIds: [], ...columns } });
    return { 'x-api-key': key };
  }

  /** What the API answers to a POST of the admin, or of somebody else. */
  async made(pathname: string, body: unknown, headers: Headers = {}): Promise<Record<string, unknown>> {
    const { method, headers: contentType, body: text } = jsonRequest('POST', body);
    const answer = await this.nvr.fetch(pathname, { method: method!, body: text!, headers: { ...(contentType as Headers), ...headers } });
    if (!answer.ok) throw new Error(`POST ${pathname}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  private async makeOurs(): Promise<void> {
    const { database } = this.nvr;
    const camera = await this.addCamera('yard-of-ours');
    const otherCamera = await this.addCamera('street-of-others');
    const guard = await this.addUser('guard', { cameras: [camera] });
    await database.camera.update({ where: { id: camera.id }, data: { ownerId: guard.id } });
    const startUnix = Math.floor(Date.now() / 1_000) - 3_600;
    const [segmentId = 0, otherSegmentId = 0] = await this.record([camera, otherCamera], startUnix);
    const range = { start_unix: startUnix, end_unix: startUnix + fileSeconds };
    const span = { camera_id: camera.id, start: startUnix, end: startUnix + fileSeconds };
    const protection = await this.made('/api/v1/recordings/protections', { camera_id: camera.id, ...range, note: 'note-of-ours' });
    const exported = await this.made('/api/v1/exports', { ...span, filename: 'export-of-ours.mp4' }, guard.headers);
    const rule = await this.made(
      '/api/v1/rules',
      { name: 'rule-of-ours', url: 'http://127.0.0.1:19997/', secret: 'secret' },
      guard.headers,
    );
    const event = await this.addEvent(camera);
    const internal = { 'x-internal-api-key': internalApiKey };
    await this.made(
      '/api/v1/apps/register',
      { url: 'http://127.0.0.1:19998', manifest: { id: 'loiter', name: 'L', version: '1' } },
      internal,
    );
    const { stream_id, ...luna } = await this.addLuna(camera, guard.headers);
    const hls = new URLSearchParams({ camera_id: String(camera.id), start: String(startUnix), end: String(startUnix + fileSeconds) });
    const session = (await (await this.nvr.fetch(`/api/v1/recordings/playback/hls?${hls}`, { headers: guard.headers })).json()) as Record<
      string,
      string
    >;
    const key = await this.made('/api/v1/api-keys', { name: 'key-of-ours', scopes: keyScopes, camera_ids: [camera.id] });
    const { id: deliveryId } = await database.ruleMessage.findFirstOrThrow();
    await until(async () => (await database.export.findFirstOrThrow()).state === 'ready');
    const ids = { stream_id, events: event, exports: exported.id, protections: protection.id, ruleId: rule.id, deliveryId, ...luna };
    Object.assign(this.ours, {
      ...{ camera, otherCamera, startUnix, endUnix: startUnix + fileSeconds, segmentId, otherSegmentId },
      sessionUrl: String(session.manifest_url),
      ids: Object.fromEntries(
        Object.entries({
          ...ids,
          ...{ reference: camera.id, streamId: camera.uuid, session: session.session_id, keyId: key.id, userId: guard.id, roleId: 3 },
          ...{ appId: 'loiter', action: 'reset', ip: '127.0.0.1', adapter: 'yolov8', permission: 'cameras.view', setting: 'network' },
        }).map(([name, id]) => [name, String(id)]),
      ),
    } satisfies Ours);
  }

  /** At an address where nobody answers. */
  private async addCamera(name: string): Promise<TestCameraRow> {
    const port = name.length;
    const camera = await this.made('/api/v1/cameras', { name, rtsp_url: `rtsp://127.0.0.1:${port}/${name}`, frames_name: name });
    const frames = path.join(this.nvr.config.framesDir, name);
    await mkdir(frames, { recursive: true });
    await writeFile(path.join(frames, 'latest.jpg'), jpeg);
    this.pictures.push(path.join(frames, 'latest.jpg'));
    return { id: Number(camera.id), uuid: String(camera.uuid) };
  }

  private async record(cameras: readonly TestCameraRow[], startUnix: number): Promise<number[]> {
    const video = await makeTestVideo({ file: path.join(this.directory, 'source.mp4'), seconds: fileSeconds });
    const content = await writeRecordedFile({ video, recordingsDir: this.directory, name: 'recorded.mp4' });
    return Promise.all(
      cameras.map((camera, index) =>
        addRecording(this.nvr, { camera, content, startsAtMs: (startUnix + index) * 1_000, durationMs: fileSeconds * 1_000 }),
      ),
    );
  }

  /** @returns its id */
  async addEvent(camera: TestCameraRow): Promise<unknown> {
    const event = { camera_id: camera.id, label: 'ghost-of-ours', score: 0.9, started_at: Date.now() / 1_000 };
    const body = { ...event, evidence_jpeg_b64: jpeg.toString('base64') };
    return (await this.made('/api/v1/internal/camera-agent/events', body, { 'x-internal-api-key': internalApiKey })).id;
  }

  private async addLuna({ uuid }: TestCameraRow, guard: Headers) {
    const { agent_id: agentId } = await this.made('/1/agents', { name: 'agent', port: 1, analytics: ['seen'], max_stream_count: 1 });
    const { analytic_id: analyticId } = await this.made('/1/analytics', { analytic_name: 'seen' }, guard);
    const { group_id: groupId } = await this.made('/1/groups', { group_name: 'ours' }, guard);
    for (const action of ['stop', 'resume'])
      await this.nvr.fetch(`/1/streams/${uuid}?action=${action}`, { method: 'PATCH', headers: guard });
    const link = jsonRequest('PATCH', { group_id: groupId, stream_ids: [uuid], action: 'link' });
    await this.nvr.fetch('/1/groups/linker', { ...link, headers: { ...(link.headers as Headers), ...guard } });
    return { stream_id: uuid, agentId, analyticId, groupId };
  }
}
