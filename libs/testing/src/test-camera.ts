import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { loadClip, RtspCamera } from '@nightjar/embedded';
import { makeTestVideo, requireFfmpeg } from './test-video.js';

/** Frames a second of the clips that makeTestVideo makes. */
const clipFramesPerSecond = 15;

export interface TestCameraOptions {
  /** File made by makeTestVideo; else a clip of 4 s with people in it and one cut. */
  readonly clip?: string;
  readonly credentials?: { readonly user: string; readonly password: string };
}

/**
 * Starts a camera on loopback for one spec: a real RTSP stream, looped. Its faults: `dropAll`, `stall`, `refuse`, `resume`;
 * `close` ends it.
 */
export async function startTestCamera({ clip, credentials }: TestCameraOptions = {}): Promise<RtspCamera> {
  const ffmpegPath = await requireFfmpeg();
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clip-'));
  try {
    const file = clip ?? (await makeTestVideo({ file: path.join(directory, 'clip.mp4'), seconds: 4, cutsSeconds: [2] }));
    const loaded = await loadClip({ file, ffmpegPath, framesPerSecond: clipFramesPerSecond });
    const camera = new RtspCamera({ clip: loaded, ...(credentials ? { credentials } : {}) });
    await camera.start();
    return camera;
  } finally {
    await rm(directory, { recursive: true, force: true }); // the clip is in memory by now
  }
}
