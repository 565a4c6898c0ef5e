// Cameras in a process of their own, all with the same clip: `fork(file, [clip, cameras])` answers with a list of URLs, and ends with its parent.
import { loadClip, RtspCamera } from '../../libs/embedded/dist/index.js';
import { requireFfmpeg } from '../../libs/testing/dist/index.js';

const [file, count, framesPerSecond] = process.argv.slice(2);
const clip = await loadClip({ file, ffmpegPath: await requireFfmpeg(), framesPerSecond: Number(framesPerSecond) });
const cameras = Array.from({ length: Number(count) }, () => new RtspCamera({ clip }));
for (const camera of cameras) await camera.start();
process.send(cameras.map(({ url }) => url));
process.once('disconnect', () => process.exit(0));
