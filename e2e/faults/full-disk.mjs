// Lets a client fill the disk that uploads go to: a small tmpfs in a mount namespace of the gateway alone. Uploads are refused with 503
// and Retry-After and leave nothing; when jobs end and files go, the same clients get through. The agent is played (play-agent.mjs).
// usage: node e2e/faults/full-disk.mjs [--mebibytes 8] [--full-seconds 10] [--per-second 10] [--seed 1]
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { eventually, sleep } from '../journey/checks.mjs';
import { playAgent } from './play-agent.mjs';
import { readNumbers, runFaults, tinyMedia } from './run-faults.mjs';

const options = readNumbers({ mebibytes: 8, 'full-seconds': 10, 'per-second': 10, seed: 1 });
const videoBytes = 256 * 1024;
const namespace = ['unshare', '--map-root-user', '--mount'];

try {
  execFileSync(namespace[0], [...namespace.slice(1), 'true'], { stdio: 'ignore' });
} catch {
  console.log('SKIPPED full disk: this machine does not let us mount (unshare --map-root-user --mount)');
  process.exit(0);
}

/** The store as the gateway sees it. */
const storeOf = ({ gateways: [gateway], mediaDir }) => `/proc/${gateway.pid}/root${mediaDir}`;

await runFaults({
  title: 'full disk',
  perSecond: options['per-second'],
  pauseMsMax: 5_000,
  seed: options.seed,
  system: {
    wrapGateway: (command, { mediaDir }) => [
      ...namespace,
      'sh',
      '-c',
      `mkdir -p "$0" && mount -t tmpfs -o size=${options.mebibytes}m tmpfs "$0" && exec "$@"`,
      mediaDir,
      ...command,
    ],
  },
  media: async (dir) => {
    const { video, images } = await tinyMedia(dir);
    return { video: Buffer.concat([video, randomBytes(videoBytes)]), images };
  },
  // Nobody takes jobs until the disk was full for a while.
  work: ({ bus }) => {
    let agent;
    return {
      start: () => (agent = playAgent({ natsUrl: bus.server.url, slots: 8, workMs: () => 20 })),
      stop: () => agent?.stop(),
    };
  },
  hurt: async ({ system, client, worker }) => {
    const freeBytes = () => {
      const { bavail, bsize } = fs.statfsSync(storeOf(system));
      return bavail * bsize;
    };
    await eventually('a full disk', () => freeBytes() < videoBytes, { withinMs: 120_000, everyMs: 50 });
    await sleep(options['full-seconds'] * 1000);
    const waiting = client.inFlight;
    const accepted = client.polled.size;
    worker.start();
    await eventually('an upload that gets through again', () => client.polled.size > accepted, { withinMs: 60_000 });
    return [`${options.mebibytes} MiB were full for ${options['full-seconds']} s; ${waiting} submits were under way then`];
  },
  afterwards: ({ system }) => {
    const left = fs.readdirSync(storeOf(system), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    if (left.length > 0) throw new Error(`left in the store: ${left.map(({ name }) => name).join(', ')}`);
    return ['no file is left in the store'];
  },
});
