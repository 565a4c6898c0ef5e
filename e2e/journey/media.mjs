// Inputs of the journey, made from pictures with real people that came with npm ci.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import zlib from 'node:zlib';
import { findFfmpeg } from '../../libs/media/dist/index.js';

const require = createRequire(import.meta.url);
const pictures = path.join(path.dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo');
export const samplePicture = (number) => path.join(pictures, `sample${number}.jpg`);

const ffmpeg = (args) =>
  execFileSync(findFfmpegPath(), ['-v', 'error', '-nostdin', '-y', ...args], { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });

let ffmpegPath;
function findFfmpegPath() {
  if (!ffmpegPath) throw new Error('call prepareMedia first');
  return ffmpegPath;
}
export async function prepareMedia() {
  const found = await findFfmpeg();
  ffmpegPath = typeof found === 'string' ? found : found?.path;
  if (!ffmpegPath) throw new Error('no FFmpeg found');
}

/** Three pictures, four seconds each: cuts at 4 s and 8 s, repeated `rounds` times. @returns its length and its cuts in seconds */
export function makeVideo(file, { rounds = 1 } = {}) {
  const shots = [1, 2, 4];
  const inputs = shots.flatMap((number) => ['-loop', '1', '-framerate', '15', '-t', '4', '-i', samplePicture(number)]);
  const scaled = shots
    .map((_, index) => `[${index}:v]scale=1280:720:force_original_aspect_ratio=increase,crop=1280:720,setsar=1,format=yuv420p[v${index}]`)
    .join(';');
  const joined = `${scaled};${shots.map((_, index) => `[v${index}]`).join('')}concat=n=${shots.length}:v=1:a=0[v]`;
  const once = rounds === 1 ? file : `${file}.once.mp4`;
  ffmpeg([...inputs, '-filter_complex', joined, '-map', '[v]', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '15', '-bf', '0', once]);
  if (rounds > 1) ffmpeg(['-stream_loop', String(rounds - 1), '-i', once, '-c', 'copy', file]);
  const seconds = shots.length * 4 * rounds;
  return { seconds, cuts: Array.from({ length: shots.length * rounds - 1 }, (_, index) => (index + 1) * 4) };
}

/** Decodes a whole clip. @returns number of frames; throws when FFmpeg finds anything wrong with it */
export function countFrames(file) {
  const progress = ffmpeg(['-i', file, '-map', '0:v:0', '-f', 'null', '-progress', 'pipe:1', '-']).toString();
  return Number(/frame=\s*(\d+)(?![\s\S]*frame=)/.exec(progress)?.[1] ?? 0);
}

/** A PNG whose header says 60,000 x 60,000 pixels, in a few hundred bytes. */
export function bombPng() {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(60_000, 0);
  header.writeUInt32BE(60_000, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(Buffer.alloc(1_000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

// PNG's checksum; zlib.crc32 came with Node 22.
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
