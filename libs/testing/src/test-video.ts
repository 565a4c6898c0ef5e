import { findFfmpeg } from '@nightjar/media';
import { renderScenes, type Scene } from '@nightjar/embedded';
import { samplePictures } from './sample-pictures.js';

/**
 * FFmpeg for tests: what the product would use.
 * @throws where there is none
 */
export async function requireFfmpeg(): Promise<string> {
  const ffmpeg = await findFfmpeg();
  if (!ffmpeg) throw new Error('this test needs FFmpeg, which is not installed');
  return ffmpeg.path;
}

interface TestVideoOptions {
  /** File to write: H.264 in MP4, 15 frames a second, a key frame each second. */
  readonly file: string;
  readonly seconds: number;
  /** Moments of the hard cuts, in seconds, rising; each picture between two cuts is another one, with people in it. */
  readonly cutsSeconds?: readonly number[];
  /** Files to show between the cuts, in turn, instead of the photographs of people. */
  readonly pictures?: readonly string[];
  readonly width?: number;
  readonly height?: number;
}

/** Makes a video, of real people unless told otherwise, with cuts at known times and resolves to its path. */
export async function makeTestVideo(options: TestVideoOptions): Promise<string> {
  const { file, seconds, cutsSeconds = [], pictures = samplePictures, width = 640, height = 360 } = options;
  const edges = [0, ...cutsSeconds, seconds];
  const scenes = edges.slice(1).map((end, index): Scene => {
    const picture = pictures[index % pictures.length];
    return { seconds: end - (edges[index] ?? 0), ...(picture === undefined ? {} : { picture }) };
  });
  await renderScenes({ ffmpegPath: await requireFfmpeg(), scenes, outputFile: file, width, height });
  return file;
}
