import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { renderScenes, type Scene } from './render-scenes.js';

/** Frames a second of the demo clip. */
export const demoFramesPerSecond = 15;

const sceneSeconds = 4;
/** Changes when the scenes or the encoding do, so that a cached clip of an older release is not used. */
const clipFileName = 'demo-camera-1.mp4';

/** Pictures with people, by their number in the package; one stretch of the loop is empty, so that events end. */
const demoScenes: readonly (number | 'empty room')[] = [1, 3, 'empty room', 4, 6, 2];

/** Photographs of people that come with `npm ci`; read where they lie. Numbers 1 to 6. */
export function demoPicture(number: number): string {
  const root = path.dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  return path.join(root, `demo/sample${number}.jpg`);
}

/**
 * The clip that the demo camera plays: 24 s of 1280x720, people in most of it. Made once and kept in `directory`.
 * Resolves to its path.
 * @throws AppError `unavailable` when FFmpeg cannot make it
 */
export async function ensureDemoClip(options: { directory: string; ffmpegPath: string; signal?: AbortSignal }): Promise<string> {
  const { directory, ffmpegPath, signal } = options;
  const outputFile = path.join(directory, clipFileName);
  if (await exists(outputFile)) return outputFile;
  const scenes = demoScenes.map((scene): Scene =>
    scene === 'empty room' ? { seconds: sceneSeconds } : { picture: demoPicture(scene), seconds: sceneSeconds },
  );
  await renderScenes({ ffmpegPath, scenes, outputFile, framesPerSecond: demoFramesPerSecond, ...(signal ? { signal } : {}) });
  return outputFile;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
