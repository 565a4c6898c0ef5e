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
process.on('message', () => process.send({ ...source.status, frames }));
process.on('SIGTERM', () => stopping.abort());
process.on('disconnect', () => stopping.abort());
await source.run({ onFrame: () => frames++, onState: () => undefined }, stopping.signal);
process.exit(0);
