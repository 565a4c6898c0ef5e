// R9: the wall clock of the recorder jumps (recorder-preload.mjs moves it, the machine's own stays): an hour on and back, a day on and back,
// and a second that is smeared over some. Recording goes on, no file is written over, no duration is negative, and a bound of one day
// removes nothing that is minutes old. Daylight saving moves no Unix clock: it is a matter of days in lists, and specs hold it.
// usage: node e2e/faults/recorder-clock.mjs [--full]      (npm run build first)
import path from 'node:path';
import { sleep } from '../journey/checks.mjs';
import { digestOf, judge, readRounds, recordsOn, runRecorderFaults } from './recorder-system.mjs';

const { rounds } = readRounds({ rounds: 1, full: 6 });
const hourMs = 3_600_000;
const jumps = [
  ['an hour on', hourMs],
  ['back', 0],
  ['an hour back', -hourMs],
  ['on again', 0],
  ['a day on', 24 * hourMs],
  ['a day back', 0],
];
/** A stream whose times went wrong is connected to anew. */
const withinMs = 60_000;

await runRecorderFaults({
  title: 'jumping clock',
  settings: { NIGHTJAR_RETENTION_DAYS: '1' },
  hurt: async ({ system }) => {
    await system.addCamera('yard', system.devices[0].url);
    await system.recorder.start();
    await recordsOn(system);
    const closed = new Map();
    const faults = { 'files that were written over': 0, 'recordings that were removed': 0 };
    const look = async () => {
      const rows = await system.rows();
      for (const [file, digest] of closed) {
        if (!rows.some((row) => row.file === file)) faults['recordings that were removed']++;
        else if (digestOf(path.join(system.recordingsDir, file)) !== digest) faults['files that were written over']++;
      }
      for (const { file, open } of rows) if (!open && !closed.has(file)) closed.set(file, digestOf(path.join(system.recordingsDir, file)));
    };
    for (let round = 1; round <= rounds; round++) {
      for (const [what, clockOffsetMs] of jumps) {
        await look();
        system.fault({ clockOffsetMs });
        const newAfter = new Set((await system.rows()).map(({ file }) => file));
        const startedMs = performance.now();
        // By a new file, not by the times of rows: those are what jumps.
        for (;;) {
          const fresh = (await system.rows()).filter(({ bytes, file }) => !newAfter.has(file) && bytes > 0);
          if (fresh.length > 0) break;
          if (performance.now() - startedMs > withinMs) throw new Error(`nothing was recorded after the clock went ${what}`);
          await sleep(100);
        }
        console.log(`round ${round}: ${what}: the next file after ${Math.round(performance.now() - startedMs)} ms`);
      }
      for (let step = 1; step <= 10; step++) {
        system.fault({ clockOffsetMs: step * 100 });
        await sleep(300);
      }
      await look();
      system.fault();
    }
    // One more look of retention, which runs each minute.
    await sleep(5_000);
    await look();
    await system.recorder.kill('SIGTERM');
    await system.fsck();
    const { code } = await system.fsck('--deep');
    const { faults: judged, rows } = await judge({ system });
    const longestMs = Math.max(...rows.map(({ endMs, startMs }) => endMs - startMs));
    return {
      lines: [`${rounds * jumps.length} jumps, ${rows.length} files of ${longestMs} ms at most`],
      faults: { ...faults, ...judged, 'files longer than a file may be': longestMs > 8_000 ? 1 : 0, 'fsck left something': code },
    };
  },
});
