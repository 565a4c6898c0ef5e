// The plugin that comes with the agent: every monitoring point as a line of JSON in `points.jsonl`, for a log shipper to pick up.
import { appendFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { MonitoringPoint } from './plugin-messages.js';

/** Beyond it the file is kept as `points.1.jsonl`, and the one before that goes. */
const fileBytesMax = 16 * 1024 ** 2;
let sizeBytes: number | undefined;

export async function onEvent(point: MonitoringPoint, { dataDir }: { dataDir: string }): Promise<void> {
  const file = path.join(dataDir, 'points.jsonl');
  sizeBytes ??= await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
  const line = `${JSON.stringify(point)}\n`;
  if (sizeBytes > 0 && sizeBytes + line.length > fileBytesMax) {
    await rename(file, path.join(dataDir, 'points.1.jsonl'));
    sizeBytes = 0;
  }
  await appendFile(file, line, { mode: 0o600 });
  sizeBytes += line.length;
}
