// What a real player says of a file: ffprobe's words about it, and whether FFmpeg decodes all of it without one.
import { execFile } from 'node:child_process';

/** Never rejects. */
const run = (program, args) =>
  new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => resolve({ hasFailed: error !== null, stdout, stderr }));
  });

/** Runs FFmpeg. @throws with what it says when it fails */
export async function ffmpeg(args) {
  const { hasFailed, stderr } = await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);
  if (hasFailed) throw new Error(stderr);
}

/** @param input a file or a URL. @returns codecs, seconds, pictures, the longest pause between two of them, and what FFmpeg complains of */
export async function judgeMedia(input, before = []) {
  const shown = ['-show_entries', 'stream=codec_type,codec_name,codec_tag_string:format=duration', '-of', 'json'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...before, ...shown, input]);
  const { format = {}, streams = [] } = JSON.parse(stdout || '{}');
  const packets = await run('ffprobe', [
    '-v',
    'error',
    ...before,
    '-select_streams',
    'v',
    '-show_entries',
    'packet=pts_time',
    '-of',
    'csv=p=0',
    input,
  ]);
  const times = packets.stdout
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number)
    .sort((a, b) => a - b);
  const pauses = times.slice(1).map((seconds, index) => seconds - times[index]);
  const of = (type) => streams.find(({ codec_type: found }) => found === type)?.codec_name;
  return {
    video: of('video'),
    sound: of('audio'),
    seconds: Number(format.duration ?? 0),
    pictures: times.length,
    longestPauseSeconds: Math.max(0, ...pauses),
    complaints: (await run('ffmpeg', ['-v', 'error', '-nostdin', ...before, '-i', input, '-f', 'null', '-'])).stderr.trim(),
  };
}
