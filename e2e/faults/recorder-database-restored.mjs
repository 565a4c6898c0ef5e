// R11: the recorder's database is of yesterday (rows of cameras and recordings as they were some time ago) or empty, while the files are of
// today; and the ids and names of the cameras that it lost are another's by now. fsck gives each file to the camera whose uuid it carries.
// usage: node e2e/faults/recorder-database-restored.mjs [--rounds 2 | --full]      (npm run build first)
import path from 'node:path';
import fs from 'node:fs';
import { eventually } from '../journey/checks.mjs';
import { filesIn, judge, readRounds, recordsOn, runRecorderFaults } from './recorder-system.mjs';

const { rounds } = readRounds({ rounds: 2, full: 5 });

await runRecorderFaults({
  title: 'restored database',
  cameras: 2,
  hurt: async ({ system }) => {
    const faults = { 'files that changed': 0, "recordings of the stranger's": 0, 'fsck left something': 0 };
    await system.addCamera('yard_0', system.devices[0].url);
    for (let round = 1; round <= rounds; round++) {
      const isEmpty = round % 2 === 0;
      await system.recorder.start();
      await recordsOn(system);
      for (const table of ['camera', 'segment']) {
        await system.query(`DROP TABLE IF EXISTS public.yesterday_${table}`);
        await system.query(`CREATE TABLE public.yesterday_${table} AS TABLE nvr.${table}`);
      }
      // Today: more recordings, and a camera that yesterday does not know.
      const added = await system.addCamera(`today_${round}`, system.devices[1].url);
      await eventually('recordings of the new camera', async () => (await system.rows()).some(({ uuid }) => uuid === added.uuid), {
        withinMs: 60_000,
      });
      await recordsOn(system);
      await system.recorder.kill();
      const before = new Map(filesIn(system.recordingsDir).map((file) => [file, fs.statSync(path.join(system.recordingsDir, file)).size]));
      await system.query('TRUNCATE nvr.segment');
      await system.query('DELETE FROM nvr.camera');
      if (!isEmpty)
        for (const table of ['camera', 'segment']) await system.query(`INSERT INTO nvr.${table} SELECT * FROM public.yesterday_${table}`);
      // Somebody else has the lost camera's id and name by now.
      await system.query('UPDATE nvr.camera SET frames_name = frames_name');
      const stranger = await system.addCamera(`today_${round}`, 'rtsp://127.0.0.1:1/');
      await system.query('UPDATE nvr.camera SET id = $1 WHERE uuid = $2', [added.id, stranger.uuid]);
      const { report } = await system.fsck('--restore-cameras');
      const { code } = await system.fsck('--deep');
      if (code !== 0) faults['fsck left something']++;
      faults["recordings of the stranger's"] += (await system.rows()).filter(({ uuid }) => uuid === stranger.uuid).length;
      // The torn end of what was open may be cut, nothing else.
      const changed = [...before].filter(
        ([file, bytes]) =>
          !fs.existsSync(path.join(system.recordingsDir, file)) || fs.statSync(path.join(system.recordingsDir, file)).size > bytes,
      );
      faults['files that changed'] += changed.length;
      console.log(`round ${round}: ${isEmpty ? 'empty' : 'of yesterday'}, ${before.size} files; ${JSON.stringify(report)}`);
      // The stranger goes, and the cameras that came back are recorded again: by their old uuid.
      await system.query('DELETE FROM nvr.camera WHERE uuid = $1', [stranger.uuid]);
      await system.query('UPDATE nvr.camera SET is_active = true, recording_enabled = true');
    }
    const { faults: judged, rows } = await judge({ system });
    return { lines: [`${rounds} times, ${rows.length} files at the end`], faults: { ...faults, ...judged } };
  },
});
