// R6: the disk of recordings fills up while two cameras are recorded, stays full for a while and has room again. The recorder stays up, says
// so within 10 s, indexes nothing that is cut off, and goes on by itself within 10 s. Where nothing may be mounted it is skipped, loudly.
// usage: node e2e/faults/recorder-full-disk.mjs [--rounds 2 | --full]      (npm run build first)
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually, sleep } from '../journey/checks.mjs';
import { judge, readRounds, recordsOn, runRecorderFaults } from './recorder-system.mjs';

const { rounds } = readRounds({ rounds: 2, full: 10 });
const withinMs = 10_000;
const recordingsDir = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-small-disk-'));
try {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', recordingsDir], { stdio: 'ignore' });
} catch {
  fs.rmdirSync(recordingsDir);
  console.log('SKIPPED full disk of recordings: this machine does not let us mount a tmpfs');
  process.exit(0);
}

await runRecorderFaults({
  title: 'full disk of recordings',
  recordingsDir,
  cameras: 2,
  hurt: async ({ system }) => {
    for (const [index, device] of system.devices.entries()) await system.addCamera(`yard_${index}`, device.url);
    await system.recorder.start();
    const { pid } = system.recorder;
    await recordsOn(system);
    const saidMs = [];
    const backMs = [];
    for (let round = 1; round <= rounds; round++) {
      const filler = path.join(recordingsDir, 'filler');
      fill(filler);
      let startedMs = performance.now();
      await eventually('that the disk is full is said', async () => (await system.disk()).includes('ENOSPC'), { withinMs, everyMs: 100 });
      saidMs.push(performance.now() - startedMs);
      await sleep(3_000);
      fs.rmSync(filler);
      startedMs = performance.now();
      await recordsOn(system, { withinMs });
      await eventually('that the disk is well is said', async () => (await system.disk()) === 'ok', { withinMs, everyMs: 100 });
      backMs.push(performance.now() - startedMs);
      console.log(`round ${round}: said after ${Math.round(saidMs.at(-1))} ms, back after ${Math.round(backMs.at(-1))} ms`);
    }
    const died = system.recorder.isRunning && system.recorder.pid === pid ? 0 : 1;
    await system.recorder.kill('SIGTERM');
    const { code } = await system.fsck('--deep');
    const { faults, rows } = await judge({ system });
    return {
      lines: [`${rounds} times full, ${rows.length} files; said after ${worst(saidMs)}, back after ${worst(backMs)}`],
      faults: { ...faults, 'recorder died': died, 'fsck found something': code },
    };
  },
});
execFileSync('umount', [recordingsDir]);
fs.rmdirSync(recordingsDir);

/** Takes every byte, and what is set free while it does. */
function fill(file) {
  const descriptor = fs.openSync(file, 'w');
  for (const bytes of [1024 ** 2, 4_096])
    try {
      for (;;) fs.writeSync(descriptor, Buffer.alloc(bytes, 1));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    }
  fs.closeSync(descriptor);
}

function worst(list) {
  return `${Math.round(Math.max(...list))} ms at most`;
}
