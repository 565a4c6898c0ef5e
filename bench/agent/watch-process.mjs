// One camera source in a process of its own, so that what it costs can be counted: `node watch-process.mjs <url> <idleAfterMs> <fps>`.
import { CameraSource } from '../../apps/agent/dist/sources/camera-source.js';
import { findFfmpeg } from '../../libs/media/dist/index.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';

const [url, idleAfterMs, framesPerSecond] = process.argv.slice(2);
const stopping = new AbortController();
const source = new CameraSource({
  ffmpeg: await findFfmpeg(),
  url,
  framesPerSecond: Number(framesPerSecond),
  idleAfterMs: Number(idleAfterMs),
  clock: systemClock,
  logger: createLogger({ service: 'bench', level: 'error' }),
});
let frames = 0;
/** Of the pictures since the last question: how long after their arrival they were here. */
let agesMs = [];
process.on('message', () => {
  const ageMs = agesMs.sort((a, b) => a - b)[agesMs.length >> 1] ?? 0;
  agesMs = [];
  process.send({ ...source.status, frames, ageMs });
});
process.on('SIGTERM', () => stopping.abort());
process.on('disconnect', () => stopping.abort());
const onFrame = ({ monotonicMs }) => {
  frames++;
  agesMs.push(systemClock.monotonicMs() - monotonicMs);
};
await source.run({ onFrame, onState: () => undefined }, stopping.signal);
process.exit(0);
