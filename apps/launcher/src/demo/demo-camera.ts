import { fileURLToPath } from 'node:url';
import type { LogFile } from '../supervision/log-file.js';
import { startServiceProcess } from '../supervision/service-process.js';
import type { RunningPart } from '../supervision/supervisor.js';

/** Name of the part in messages and in the table. */
export const demoCameraName = 'demo camera';

/** Path of the camera's stream. */
export const demoStreamPath = '/live';

const entryFile = fileURLToPath(new URL('./demo-camera.main.js', import.meta.url));

/** RTSP address of the demo camera: loopback only, no login, since its pictures are public. */
export function demoCameraUrl(port: number): string {
  return `rtsp://127.0.0.1:${port}${demoStreamPath}`;
}

/** Starts the camera's process on a clip made by ensureDemoClip. */
export function startDemoCameraProcess(options: {
  clip: string;
  port: number;
  ffmpegPath: string;
  environment: Readonly<Record<string, string>>;
  log: LogFile;
}): Promise<RunningPart> {
  const { clip, port, ffmpegPath, environment, log } = options;
  return startServiceProcess({ name: demoCameraName, entry: entryFile, args: [clip, String(port), ffmpegPath], environment, log });
}
