import { spawn } from 'node:child_process';
import { AppError } from '@nightjar/runtime';

const clipBytesMax = 64 * 1024 * 1024;
const demuxTimeoutMs = 30_000;

const nalTypes = { idrSlice: 5, sequenceParameters: 7, pictureParameters: 8, accessUnitDelimiter: 9 } as const;

/** A NAL unit without its start code. */
export type NalUnit = Buffer;

/** An H.264 clip cut into what is sent at a time. */
export interface H264Clip {
  /** NAL units of each frame, in decoding order; the first frame is a key frame. */
  readonly accessUnits: readonly (readonly NalUnit[])[];
  readonly sequenceParameters: NalUnit;
  readonly pictureParameters: NalUnit;
  readonly framesPerSecond: number;
}

/**
 * Reads the H.264 video of a file. It must have no B-frames (frames are sent in decoding order, one period apart) and
 * begin with a key frame.
 * @throws AppError `invalid_argument` for any other file
 */
export async function loadClip(options: { file: string; ffmpegPath: string; framesPerSecond: number }): Promise<H264Clip> {
  const { file, ffmpegPath, framesPerSecond } = options;
  const nalUnits = splitNalUnits(await demux(ffmpegPath, file));
  const accessUnits: NalUnit[][] = [];
  for (const unit of nalUnits) {
    if (nalType(unit) === nalTypes.accessUnitDelimiter) accessUnits.push([]);
    else accessUnits.at(-1)?.push(unit);
  }
  const sequenceParameters = nalUnits.find((unit) => nalType(unit) === nalTypes.sequenceParameters);
  const pictureParameters = nalUnits.find((unit) => nalType(unit) === nalTypes.pictureParameters);
  const [first] = accessUnits;
  if (!first || !isKeyFrame(first) || !sequenceParameters || !pictureParameters) {
    throw new AppError('invalid_argument', `${file} is no H.264 clip that begins with a key frame`);
  }
  return { accessUnits, sequenceParameters, pictureParameters, framesPerSecond };
}

/** Whether a decoder can start with this frame. */
export function isKeyFrame(accessUnit: readonly NalUnit[]): boolean {
  return accessUnit.some((unit) => nalType(unit) === nalTypes.idrSlice);
}

/** nal_unit_type of ITU-T H.264, 7.3.1. */
function nalType(unit: NalUnit): number {
  return (unit[0] ?? 0) & 0x1f;
}

/** Cuts an Annex B byte stream at its start codes, of three bytes or four. */
export function splitNalUnits(stream: Buffer): NalUnit[] {
  const startCode = Buffer.from([0, 0, 1]);
  const units: NalUnit[] = [];
  let at = stream.indexOf(startCode);
  while (at >= 0) {
    const start = at + startCode.length;
    at = stream.indexOf(startCode, start);
    let end = at < 0 ? stream.length : at;
    while (at >= 0 && stream[end - 1] === 0) end -= 1; // the fourth byte of a start code; a NAL unit never ends in 0
    units.push(stream.subarray(start, end));
  }
  return units;
}

/** FFmpeg takes the video out of its container and marks where each frame begins (access unit delimiters). */
function demux(ffmpegPath: string, file: string): Promise<Buffer> {
  const args = [
    '-v',
    'error',
    '-nostdin',
    '-protocol_whitelist',
    'file,pipe',
    '-i',
    file,
    '-an',
    '-c',
    'copy',
    '-bsf:v',
    'h264_mp4toannexb,h264_metadata=aud=insert',
    '-f',
    'h264',
    'pipe:1',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpegPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: demuxTimeoutMs });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > clipBytesMax) child.kill();
      else chunks.push(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2_000);
    });
    child.once('error', (cause) => reject(new AppError('unavailable', 'FFmpeg cannot be run', { cause })));
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks, bytes));
      else
        reject(new AppError('invalid_argument', `${file} cannot be read as a clip: ${complaint.trim() || `over ${clipBytesMax} bytes`}`));
    });
  });
}
