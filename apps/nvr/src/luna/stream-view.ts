import type { SecretBox } from '@nightjar/auth';
import type { VideoInfo } from '@nightjar/contracts';
import type { ChosenAnalytic } from './luna-analytics.service.js';
import type { LunaStreamRow } from './luna-streams.store.js';
import { withoutCallbackSecrets } from './masked-callbacks.js';
import { nameOfStream } from './stream-name.js';
import { maskedReference, streamReferencePurpose } from './stream-reference.js';
import type { Autorestart, LunaStatus } from './stream-request.js';

/** Why it is not restarted any more, or that it may be. */
function autorestartStatus({ attempts, autorestart, status }: LunaStreamRow): string {
  const { attempt_count, restart } = autorestart as Autorestart;
  if (restart === 0) return 'disabled';
  if (status !== 'failure') return attempts > 0 ? 'in_progress' : 'enabled';
  return attempts >= attempt_count ? 'failed' : 'in_progress';
}

/** A stream on the wire. */
export interface StreamView {
  stream_id: string;
  account_id: string;
  name: string;
  description: string;
  version: number;
  data: { reference: string };
  location: unknown;
  autorestart: Autorestart & { current_attempt: number; last_attempt_time: string | null; status: string };
  status: LunaStatus;
  last_error: string | null;
  groups: { group_id: string; group_name: string }[];
  analytics: ChosenAnalytic[];
  /** What its agent saw of it: the size of its pictures as they are analysed. Null before the first one. */
  video_info: VideoInfo | null;
  /** Its last picture, and when that was taken. */
  preview: { url: string; time: string } | null;
  create_time: string;
}

/** A stream's address as callers see it. One that comes back like that is the one that is there. */
export function shownReference({ cameraId, encryptedReference, id }: LunaStreamRow, secretBox: SecretBox): string {
  if (!encryptedReference) return `nightjar://cameras/${cameraId ?? ''}`;
  return maskedReference(secretBox.open(encryptedReference, streamReferencePurpose(id)));
}

/**
 * A stream as callers see it. An address shows without its password, a camera's not at all: it stands with the camera.
 * @param options.lastPictureUnixMs when its last picture was taken; undefined: there is none
 * @param options.forManager whether it shows what callbacks authorize themselves with: whoever may change the stream sends it back
 */
export function streamView(
  row: LunaStreamRow,
  secretBox: SecretBox,
  { forManager, lastPictureUnixMs }: { forManager: boolean; lastPictureUnixMs: number | undefined },
): StreamView {
  const { camera, id } = row;
  const analytics = row.analytics as unknown as ChosenAnalytic[];
  return {
    stream_id: id,
    account_id: row.accountId,
    name: nameOfStream(row, camera),
    description: row.description,
    version: row.version,
    data: { ...(row.data as object), reference: shownReference(row, secretBox) },
    location: row.location,
    autorestart: {
      ...(row.autorestart as Autorestart),
      current_attempt: row.attempts,
      last_attempt_time: row.lastAttemptAt?.toISOString() ?? null,
      status: autorestartStatus(row),
    },
    status: row.status,
    last_error: row.lastError,
    groups: row.groups.map(({ group }) => ({ group_id: group.id, group_name: group.name })),
    analytics: forManager ? analytics : withoutCallbackSecrets(analytics),
    video_info: row.videoInfo as VideoInfo | null,
    preview: lastPictureUnixMs === undefined ? null : { url: `/1/streams/${id}/preview`, time: new Date(lastPictureUnixMs).toISOString() },
    create_time: row.createdAt.toISOString(),
  };
}
