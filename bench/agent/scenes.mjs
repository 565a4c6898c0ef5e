// Scenes with known truth, rendered by FFmpeg: a still room with sensor noise, through which something textured walks at known times.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Seconds between two walks, their length, and when the first begins. */
const everySeconds = 97;
const walkSeconds = 5;
const firstSeconds = 90;

/**
 * Renders a scene, H.264 without B-frames. `busy`: everything moves, and somebody walks all the time. `rate`: `{ crf }` (variable bit rate) or `{ kbits }` (constant).
 * @returns the file and the seconds from and to which something walks
 */
export function renderScene(
  dir,
  { name, seconds, size = [320, 180], fps = 10, noise, gopSeconds, rate, walks = true, busy = false, preset = 'veryfast' },
) {
  const file = path.join(dir, `${name}.mp4`);
  const [width, height] = size;
  const times = [];
  for (let from = firstSeconds; walks && from + walkSeconds < seconds; from += everySeconds) times.push([from, from + walkSeconds]);
  const phase = busy ? `mod(t,${walkSeconds})` : `mod(t-${firstSeconds},${everySeconds})`;
  const walking = busy ? '1' : walks ? `gte(t,${firstSeconds})*lt(${phase},${walkSeconds})` : '0';
  const walker = `${Math.round(width / 12)}x${Math.round(height / 3)}`;
  const graph = [
    busy ? '[0:v]null[room]' : `[0:v]trim=end_frame=1,loop=-1:1,setpts=N/${fps}/TB,trim=duration=${seconds}[room]`,
    `[room][1:v]overlay=x='${phase}/${walkSeconds}*${width - Math.round(width / 12)}':y=${Math.round(height / 2)}:enable='${walking}'[scene]`,
    `[scene]noise=alls=${noise}:allf=t,format=yuv420p`,
  ].join(';');
  const bits =
    rate.crf === undefined
      ? [
          '-b:v',
          `${rate.kbits}k`,
          '-minrate',
          `${rate.kbits}k`,
          '-maxrate',
          `${rate.kbits}k`,
          '-bufsize',
          `${rate.kbits}k`,
          '-nal-hrd',
          'cbr',
        ]
      : ['-crf', String(rate.crf)];
  execFileSync('ffmpeg', [
    ...['-y', '-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=${fps}:d=${busy ? seconds : 1}`],
    ...['-f', 'lavfi', '-i', `testsrc2=s=${walker}:r=${fps}:d=${seconds}`, '-filter_complex', graph],
    ...['-c:v', 'libx264', '-preset', preset, '-bf', '0', '-g', String(gopSeconds * fps), '-sc_threshold', '0', ...bits, file],
  ]);
  return { file, times, fps, bytes: fs.statSync(file).size };
}
