import { FfmpegProcess } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { decodingBounds } from './media-input.js';
import { unitDecoderLimits } from './process-limits.js';
import type { UnitCodec } from './unit-splitter.js';

/** Decoders outside the CPU that an operator may choose. */
export const hardwareDecoders = ['vaapi', 'nvdec', 'qsv'] as const;
export type HardwareDecoder = (typeof hardwareDecoders)[number];

const tryMs = 15_000;
/** FFmpeg's name of the device, which its `-hwaccel` has too. */
const deviceTypes: Readonly<Record<HardwareDecoder, string>> = { vaapi: 'vaapi', nvdec: 'cuda', qsv: 'qsv' };

/** The options before `-i` that decode there. Pictures come back to memory by themselves. */
export function hardwareArguments(hardware: HardwareDecoder, codec: UnitCodec): string[] {
  // Quick Sync is a decoder of its own in FFmpeg; the others speed up the usual one.
  return ['-hwaccel', deviceTypes[hardware], '-c:v', hardware === 'qsv' ? `${codec}_qsv` : codec];
}

/**
 * Whether this FFmpeg reaches the hardware here, within the limits of a camera's decoder: it opens the device and does nothing with it.
 * @returns undefined when it does, else the reason for an operator
 */
export async function whyNoHardware(ffmpeg: FfmpegBinary, hardware: HardwareDecoder): Promise<string | undefined> {
  const process = FfmpegProcess.start({
    ffmpeg,
    arguments: [
      ...decodingBounds,
      ...['-init_hw_device', `${deviceTypes[hardware]}=device`, '-f', 'lavfi', '-i', 'nullsrc=s=64x64:r=1:d=1'],
      ...['-frames:v', '1', '-f', 'null', '-'],
    ],
    wallLimitMs: tryMs,
    limits: unitDecoderLimits(hardware),
  });
  for (const pipe of process.pipes) pipe.resume();
  const exit = await process.exited;
  if (exit.code === 0) return undefined;
  // FFmpeg puts the address of its own objects in front.
  const said = exit.stderrTail.split('\n')[0]?.replace(/^\[[^\]]*\] /, '') || `it ended with ${exit.code ?? exit.killedBy}`;
  return `FFmpeg reaches no ${hardware} device here: ${said}`;
}
