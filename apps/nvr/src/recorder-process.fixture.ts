import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findFfmpeg } from '@nightjar/media';
import type { TestNvr } from './test-nvr.fixture.js';

const compiledRecorder = fileURLToPath(new URL('../dist/recorder.main.js', import.meta.url));

/** The recorder, as it was built, beside an NVR of a spec: a real process, so that it can be killed. @param settings beside those of the NVR */
export async function startRecorder({ config }: TestNvr, settings: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const ffmpeg = await findFfmpeg();
  if (!ffmpeg) throw new Error('these tests need FFmpeg');
  return fork(compiledRecorder, [], {
    env: {
      FFMPEG_PATH: ffmpeg.path,
      DATABASE_URL: config.databaseUrl,
      NATS_URL: config.natsUrl,
      NIGHTJAR_SECRET_KEY: config.secretKey,
      NIGHTJAR_RECORDINGS_DIR: config.recordingsDir,
      NIGHTJAR_FRAMES_DIR: config.framesDir,
      NIGHTJAR_RECORDER_PORT: '0',
      NIGHTJAR_CAMERA_NETWORKS: config.cameraNetworks.join(','),
      NIGHTJAR_LOG_LEVEL: 'error',
      ...settings,
    },
  });
}

/** The same for a spec that only needs one. @returns ends it in order */
export async function startRecorderProcess(nvr: TestNvr): Promise<() => Promise<void>> {
  const recorder = await startRecorder(nvr);
  return async () => {
    if (recorder.exitCode === null && recorder.kill('SIGTERM')) await once(recorder, 'exit');
  };
}
