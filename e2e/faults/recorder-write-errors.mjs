// R7: writes and syncs of the recorder fail for some seconds: EIO at a write, EIO at a sync (what was written may be gone), ENOSPC after half
// of a write. Injected in its process (recorder-preload.mjs), so that each kind can be had anywhere. The file that was hit ends where it was
// synced, the next one is fine.
// usage: node e2e/faults/recorder-write-errors.mjs [--rounds 3 | --full]      (npm run build first)
import { eventually, sleep } from '../journey/checks.mjs';
import { judge, readRounds, recordsOn, runRecorderFaults } from './recorder-system.mjs';

const { rounds } = readRounds({ rounds: 3, full: 20 });
const kinds = ['write-eio', 'sync-eio', 'halfway-enospc'];
const withinMs = 10_000;

await runRecorderFaults({
  title: 'write errors of recordings',
  hurt: async ({ system }) => {
    await system.addCamera('yard', system.devices[0].url);
    await system.recorder.start();
    const { pid } = system.recorder;
    await recordsOn(system);
    const backMs = [];
    for (let round = 1; round <= rounds; round++) {
      const kind = kinds[(round - 1) % kinds.length];
      await sleep(1_500);
      system.fault({ disk: kind });
      await eventually('that the disk fails is said', async () => /EIO|ENOSPC/.test(await system.disk()), { withinMs, everyMs: 100 });
      await sleep(2_000);
      system.fault();
      const startedMs = performance.now();
      await recordsOn(system, { withinMs });
      await eventually('that the disk is well is said', async () => (await system.disk()) === 'ok', { withinMs, everyMs: 100 });
      backMs.push(performance.now() - startedMs);
      console.log(`round ${round}: ${kind}, back after ${Math.round(backMs.at(-1))} ms`);
    }
    const died = system.recorder.isRunning && system.recorder.pid === pid ? 0 : 1;
    await system.recorder.kill('SIGTERM');
    const { report } = await system.fsck('--deep');
    const { faults, rows } = await judge({ system });
    return {
      lines: [
        `${rounds} failures, ${rows.length} files, back after ${Math.round(Math.max(...backMs))} ms at most`,
        `fsck, which may cut what was written and never synced: ${JSON.stringify(report)}`,
      ],
      faults: { ...faults, 'recorder died': died, 'rows that said too much': report.rowsWithoutFile },
    };
  },
});
