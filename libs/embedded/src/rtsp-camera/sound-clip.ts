import { spawn } from 'node:child_process';
import { AppError } from '@nightjar/runtime';

const clipBytesMax = 16 * 1024 * 1024;
const demuxTimeoutMs = 30_000;
const adtsHeaderBytes = 7;
const aacFrameSamples = 1_024;
/** 20 ms of G.711. */
const muLawFrameSamples = 160;
/** ISO/IEC 14496-3 table 1.18. */
const sampleRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/** The sound of a camera, cut into what is sent at a time. */
export interface SoundClip {
  readonly codec: 'aac' | 'pcm_mulaw';
  readonly frames: readonly Buffer[];
  readonly frameSamples: number;
  readonly samplesPerSecond: number;
  /** AudioSpecificConfig, in hexadecimal digits; empty for G.711. */
  readonly configuration: string;
  readonly channels: number;
}

/**
 * Reads the sound of a file: AAC as it is, for `pcm_mulaw` encoded as G.711 (8 kHz, one channel).
 * @throws AppError `invalid_argument` for a file without it
 */
export async function loadSound(options: { file: string; ffmpegPath: string; codec: SoundClip['codec'] }): Promise<SoundClip> {
  const { codec, ffmpegPath, file } = options;
  if (codec === 'pcm_mulaw') {
    const bytes = await demux(ffmpegPath, file, ['-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1', '-f', 'mulaw']);
    const count = Math.floor(bytes.length / muLawFrameSamples);
    const frames = Array.from({ length: count }, (_, index) => bytes.subarray(index * muLawFrameSamples, (index + 1) * muLawFrameSamples));
    return { codec, frames, frameSamples: muLawFrameSamples, samplesPerSecond: 8_000, configuration: '', channels: 1 };
  }
  return readAdts(await demux(ffmpegPath, file, ['-c:a', 'copy', '-f', 'adts']), file);
}

/** Cuts ADTS (ISO/IEC 14496-3 §1.A.3) into its frames. */
function readAdts(bytes: Buffer, file: string): SoundClip {
  const frames: Buffer[] = [];
  for (let at = 0; at + adtsHeaderBytes <= bytes.length;) {
    const size = (bytes.readUIntBE(at + 3, 3) >> 5) & 0x1fff;
    if (size < adtsHeaderBytes) break;
    frames.push(bytes.subarray(at + adtsHeaderBytes, at + size));
    at += size;
  }
  const rateIndex = ((bytes[2] ?? 0) >> 2) & 0xf;
  const channels = (((bytes[2] ?? 0) & 1) << 2) | ((bytes[3] ?? 0) >> 6);
  const samplesPerSecond = sampleRates[rateIndex];
  if (frames.length === 0 || samplesPerSecond === undefined) throw new AppError('invalid_argument', `${file} has no AAC`);
  const objectType = ((bytes[2] ?? 0) >> 6) + 1;
  const configuration = ((objectType << 11) | (rateIndex << 7) | (channels << 3)).toString(16).padStart(4, '0');
  return { codec: 'aac', frames, frameSamples: aacFrameSamples, samplesPerSecond, configuration, channels };
}

function demux(ffmpegPath: string, file: string, output: readonly string[]): Promise<Buffer> {
  const args = ['-v', 'error', '-nostdin', '-protocol_whitelist', 'file,pipe', '-i', file, '-vn', ...output, 'pipe:1'];
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpegPath, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: demuxTimeoutMs });
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > clipBytesMax) child.kill();
      else chunks.push(chunk);
    });
    child.once('error', (cause) => reject(new AppError('unavailable', 'FFmpeg cannot be run', { cause })));
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks, bytes));
      else reject(new AppError('invalid_argument', `the sound of ${file} cannot be read`));
    });
  });
}
