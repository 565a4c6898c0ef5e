import { spawn } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@nightjar/runtime';

/** A stretch of a rendered video: a photograph the camera moves over slowly, or an empty room. */
export interface Scene {
  /** Path of a picture; the empty room when absent. */
  readonly picture?: string;
  readonly seconds: number;
}

interface RenderOptions {
  readonly ffmpegPath: string;
  readonly scenes: readonly Scene[];
  readonly outputFile: string;
  readonly framesPerSecond?: number;
  readonly width?: number;
  readonly height?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Part of the picture's width and height that the slow pan covers. */
const panShare = 0.08;

/**
 * Renders scenes with hard cuts between them to H.264 in MP4: no B-frames and a key frame each second, so that it can be
 * played by RtspCamera and cut without re-encoding. The file appears when it is complete.
 * @throws AppError `unavailable`
 */
export async function renderScenes(options: RenderOptions): Promise<void> {
  const { ffmpegPath, scenes, outputFile, framesPerSecond = 15, width = 1280, height = 720, timeoutMs = 120_000, signal } = options;
  const size = { width, height };
  const inputs = scenes.flatMap((scene) => sceneInput(scene, framesPerSecond, size));
  const filters = scenes.map(
    (scene, index) => `[${index}:v]${sceneFilter(scene, size)},fps=${framesPerSecond},format=yuv420p,setsar=1[s${index}]`,
  );
  const joined = `${scenes.map((_, index) => `[s${index}]`).join('')}concat=n=${scenes.length}:v=1:a=0[out]`;
  const encoder = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-crf',
    '24',
    '-maxrate',
    '3M',
    '-bufsize',
    '3M',
    '-bf',
    '0',
    '-g',
    String(framesPerSecond),
    '-keyint_min',
    String(framesPerSecond),
    '-sc_threshold',
    '0',
  ];
  const part = `${outputFile}.part-${process.pid}.mp4`;
  await mkdir(path.dirname(outputFile), { recursive: true });
  try {
    const args = [
      '-v',
      'error',
      '-nostdin',
      '-y',
      ...inputs,
      '-filter_complex',
      [...filters, joined].join(';'),
      '-map',
      '[out]',
      ...encoder,
      '-movflags',
      '+faststart',
      part,
    ];
    await runFfmpeg(ffmpegPath, args, { timeoutMs, signal });
    await rename(part, outputFile);
  } finally {
    await rm(part, { force: true });
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function sceneInput({ picture, seconds }: Scene, framesPerSecond: number, { width, height }: Size): string[] {
  const duration = ['-t', String(seconds)];
  if (picture !== undefined) return ['-loop', '1', '-framerate', String(framesPerSecond), ...duration, '-i', picture];
  return ['-f', 'lavfi', ...duration, '-i', `color=c=0x8a8f94:s=${width}x${height}:r=${framesPerSecond}`];
}

function sceneFilter(scene: Scene, { width, height }: Size): string {
  if (scene.picture === undefined) return emptyRoom({ width, height });
  const wide = Math.round(width * (1 + panShare));
  const tall = Math.round(height * (1 + panShare));
  const progress = `t/${scene.seconds}`;
  return `scale=${wide}:${tall}:force_original_aspect_ratio=increase:flags=bilinear,crop=${width}:${height}:x='(in_w-out_w)*${progress}':y='(in_h-out_h)*(0.2+0.3*${progress})'`;
}

/** A wall, a floor, a window and a door, with the grain of a sensor so that it is no frozen picture. */
function emptyRoom({ width, height }: Size): string {
  const box = (x: number, y: number, boxWidth: number, boxHeight: number, color: string): string =>
    `drawbox=x=${Math.round(x * width)}:y=${Math.round(y * height)}:w=${Math.round(boxWidth * width)}:h=${Math.round(boxHeight * height)}:color=${color}:t=fill`;
  return [
    box(0, 0.68, 1, 0.32, '0x5b5048'),
    box(0.1, 0.15, 0.25, 0.3, '0xb8c4cf'),
    box(0.7, 0.18, 0.14, 0.5, '0x6e5a45'),
    'noise=alls=3:allf=t',
  ].join(',');
}

function runFfmpeg(
  program: string,
  args: readonly string[],
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL', signal });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2_000);
    });
    child.once('error', (cause) => reject(new AppError(signal?.aborted ? 'cancelled' : 'unavailable', 'FFmpeg cannot be run', { cause })));
    child.once('close', (code, killedBy) => {
      if (code === 0) resolve();
      else reject(new AppError('unavailable', `FFmpeg could not render the video (${killedBy ?? `exit ${code}`}): ${complaint.trim()}`));
    });
  });
}
