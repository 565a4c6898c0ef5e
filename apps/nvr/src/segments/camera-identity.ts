import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, jsonOrUndefined, replaceFile } from '@nightjar/runtime';
import { z } from 'zod';

/** Whose recordings a directory holds, in case that the database does not know any more. No credentials. */
const CameraIdentity = z.object({
  uuid: z.uuid(),
  frames_name: z.string().min(1).max(64),
  name: z.string().min(1).max(100),
  rtsp_url: z.string().min(1).max(500),
});
export type CameraIdentity = z.infer<typeof CameraIdentity>;

const fileName = 'camera.json';

/** Writes `<recordings>/<uuid>/camera.json` unless it says so already. @throws the error of the disk */
export async function keepCameraIdentity(root: string, identity: CameraIdentity): Promise<void> {
  const file = path.join(root, identity.uuid, fileName);
  const content = `${JSON.stringify(CameraIdentity.parse(identity), undefined, 2)}\n`;
  const current = await readFile(file, 'utf8').catch(undefinedIfMissing);
  if (current === content) return;
  await mkdir(path.dirname(file), { recursive: true });
  await replaceFile(file, content, { durable: true, mode: 0o600 });
}

/** @returns undefined when the directory does not say whose it is, or says that it is another's */
export async function readCameraIdentity(root: string, uuid: string): Promise<CameraIdentity | undefined> {
  const text = await readFile(path.join(root, uuid, fileName), 'utf8').catch(undefinedIfMissing);
  const read = CameraIdentity.safeParse(text === undefined ? undefined : jsonOrUndefined(text));
  return read.success && read.data.uuid === uuid ? read.data : undefined;
}

function undefinedIfMissing(error: unknown): undefined {
  if (hasErrorCode(error, 'ENOENT')) return undefined;
  throw error;
}
