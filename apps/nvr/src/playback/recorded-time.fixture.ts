import { copyFile, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { segmentName } from '../segments/recorded-file.fixture.js';
import type { TestNvr } from '../test-nvr.fixture.js';

/** A camera of a test, as the API made it. */
export interface TestCameraRow {
  id: number;
  uuid: string;
}

export function jsonRequest(method: string, body: unknown): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export async function addCamera(nvr: TestNvr, name: string, host: number): Promise<TestCameraRow> {
  const body = { name, rtsp_url: `rtsp://10.0.0.${host}/1`, frames_name: name };
  return (await (await nvr.fetch('/api/v1/cameras', jsonRequest('POST', body))).json()) as TestCameraRow;
}

/** Puts a file into the recordings as if the recorder had written it. @returns id of its row */
export async function addRecording(
  nvr: TestNvr,
  recording: { camera: TestCameraRow; content: string; startsAtMs: number; durationMs: number; open?: boolean },
): Promise<number> {
  const { camera, content, durationMs, open = false, startsAtMs } = recording;
  const file = segmentName(camera.uuid, startsAtMs);
  const target = path.join(nvr.config.recordingsDir, file);
  await mkdir(path.dirname(target), { recursive: true });
  await copyFile(content, target);
  const times = { startsAt: new Date(startsAtMs), endsAt: new Date(startsAtMs + durationMs) };
  const sizeBytes = (await stat(target)).size;
  const row = await nvr.database.segment.create({ data: { cameraId: camera.id, file, ...times, sizeBytes, videoCodec: 'h264', open } });
  return Number(row.id);
}

/** A user with a role of those who look, and rights on these cameras. @returns his token */
export async function addViewer(nvr: TestNvr, options: { username: string; cameras: readonly TestCameraRow[] }): Promise<string> {
  const { cameras, username } = options;
  const password = 'a battery of staples 7';
  const made = await nvr.fetch('/api/v1/users', jsonRequest('POST', { username, password, email: `${username}@example.org` }));
  const { id } = (await made.json()) as { id: number };
  await nvr.fetch(`/api/v1/users/${id}/cameras`, jsonRequest('PUT', { camera_ids: cameras.map((camera) => camera.id) }));
  const answer = await fetch(`${nvr.url}/api/v1/auth/login`, { method: 'POST', body: new URLSearchParams({ username, password }) });
  return ((await answer.json()) as { access_token: string }).access_token;
}
