import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadClip, loadSound, RtspCamera, type SoundClip } from '@nightjar/embedded';
import { makeTestVideo, requireFfmpeg } from './test-video.js';

/** Frames a second of the clips that makeTestVideo makes. */
const clipFramesPerSecond = 15;

interface TestCameraOptions {
  /** File made by makeTestVideo; else a clip of 4 s with people in it and one cut. */
  readonly clip?: string;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** How the password is asked for; default `basic`. */
  readonly authentication?: 'basic' | 'digest';
  /** How it can send its packets; default `both`. */
  readonly transports?: 'both' | 'tcp' | 'udp';
  /** A tone that it sends beside the picture. */
  readonly sound?: SoundClip['codec'];
  /** Where the fault `redirect` leads. */
  readonly redirectUrl?: string;
  /** File for the fault `resolution_change`. */
  readonly otherClip?: string;
}

/**
 * Starts a camera on loopback for one spec: a real RTSP stream, looped. Its faults: `dropAll`, `stall`, `refuse`, `resume`,
 * and `breakDown` with every kind of `CameraFault`; `close` ends it.
 */
export async function startTestCamera({ clip, otherClip, sound, ...options }: TestCameraOptions = {}): Promise<RtspCamera> {
  const ffmpegPath = await requireFfmpeg();
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clip-'));
  try {
    const file = clip ?? (await makeTestVideo({ file: path.join(directory, 'clip.mp4'), seconds: 4, cutsSeconds: [2] }));
    const load = (path: string) => loadClip({ file: path, ffmpegPath, framesPerSecond: clipFramesPerSecond });
    const camera = new RtspCamera({
      ...options,
      clip: await load(file),
      ...(sound === undefined ? {} : { sound: await loadTone({ codec: sound, directory, ffmpegPath }) }),
      ...(otherClip === undefined ? {} : { otherClip: await load(otherClip) }),
    });
    await camera.start();
    return camera;
  } finally {
    await rm(directory, { recursive: true, force: true }); // the clip is in memory by now
  }
}

async function loadTone(options: { codec: SoundClip['codec']; directory: string; ffmpegPath: string }): Promise<SoundClip> {
  const { codec, directory, ffmpegPath } = options;
  const file = path.join(directory, 'tone.m4a');
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=16000', '-t', '4'];
  await promisify(execFile)(ffmpegPath, ['-v', 'error', '-nostdin', ...tone, '-c:a', 'aac', '-b:a', '48k', file]);
  return loadSound({ file, ffmpegPath, codec });
}
