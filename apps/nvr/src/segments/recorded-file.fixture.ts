import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { requireFfmpeg } from '@nightjar/testing';

const run = promisify(execFile);

/** Where the recorder would put a file that begins then, relative to the recordings directory. */
export function segmentName(cameraUuid: string, startsAtMs: number): string {
  return `${cameraUuid}/${new Date(startsAtMs).toISOString().slice(0, 10)}/${startsAtMs}.mp4`;
}

/** Writes a video into a file as the recorder makes it: fragments of at most a second, no trailer. */
export async function writeRecordedFile(options: { video: string; recordingsDir: string; name: string }): Promise<string> {
  const { name, recordingsDir, video } = options;
  const target = path.join(recordingsDir, name);
  await mkdir(path.dirname(target), { recursive: true });
  const movflags = '+frag_keyframe+empty_moov+default_base_moof+skip_trailer';
  const output = ['-map', '0:v:0', '-c', 'copy', '-f', 'mp4', '-movflags', movflags, '-frag_duration', '1000000', target];
  await run(await requireFfmpeg(), ['-v', 'error', '-y', '-i', video, ...output]);
  return target;
}
