// R10: the recorder dies by SIGKILL at a random moment, and of the file that was open the end is gone: first nothing of it, then 4 KiB to
// 1 MiB, more than a disk loses that was told to sync. fsck repairs, and what is lost is counted.
// usage: node e2e/faults/recorder-power-cut.mjs [--rounds 5 | --full] [--seed 1]      (npm run build first)
import fs from 'node:fs';
import path from 'node:path';
import { sleep } from '../journey/checks.mjs';
import { judge, readRounds, recordsOn, runRecorderFaults } from './recorder-system.mjs';
import { seededRandom } from './run-faults.mjs';

const { rounds, seed } = readRounds({ rounds: 5, full: 50 });
const random = seededRandom(seed);
/** Of the test clip. */
const keyFrameMs = 1_000;
const lossMsMax = keyFrameMs + 1_000;

await runRecorderFaults({
  title: 'power cut',
  hurt: async ({ system }) => {
    await system.addCamera('yard', system.devices[0].url);
    const losses = { unsynced: [], dropped: [] };
    const faults = {
      'lost more than a key frame interval and a second': 0,
      'lost more than that and the bytes that were dropped': 0,
      'fsck left something': 0,
    };
    for (let round = 1; round <= rounds; round++) {
      await system.recorder.start();
      await recordsOn(system);
      await sleep(3_000 + random() * 6_000);
      const killedMs = Date.now();
      await system.recorder.kill();
      const before = (await system.rows()).at(-1);
      const file = path.join(system.recordingsDir, before.file);
      const bytes = fs.statSync(file).size;
      // Odd rounds: the disk had all that was written. Even ones: as much of it is gone as a script can take.
      const dropped = round % 2 === 1 ? 0 : Math.min(bytes, Math.round(4_096 * 256 ** random()));
      fs.truncateSync(file, bytes - dropped);
      await system.fsck();
      const again = await system.fsck('--deep');
      if (again.code !== 0) faults['fsck left something']++;
      const after = (await system.rows()).find((row) => row.file === before.file);
      const endMs = after?.endMs ?? before.startMs;
      const lostMs = killedMs - endMs;
      // What the dropped bytes played for, at the rate of the file, and the fragment that the cut went through.
      const droppedMs = dropped === 0 ? 0 : (dropped / bytes) * (before.endMs - before.startMs) + 1_000;
      losses[dropped === 0 ? 'unsynced' : 'dropped'].push(lostMs);
      if (dropped === 0 && lostMs > lossMsMax) faults['lost more than a key frame interval and a second']++;
      if (lostMs > lossMsMax + droppedMs) faults['lost more than that and the bytes that were dropped']++;
      console.log(`round ${round}: ${dropped} of ${bytes} bytes dropped, ${lostMs} ms lost`);
    }
    const { faults: judged, rows } = await judge({ system });
    const worst = (list) => `${list.length} times, ${Math.max(0, ...list)} ms at most`;
    return {
      lines: [
        `${rounds} cuts, ${rows.length} files; lost with all written bytes kept: ${worst(losses.unsynced)}; with its end dropped: ${worst(losses.dropped)}`,
      ],
      faults: { ...faults, ...judged },
    };
  },
});
