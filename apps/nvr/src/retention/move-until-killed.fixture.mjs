// Moves the oldest recording to the archive and dies by SIGKILL at a mark: `copying`, `named` (the copy has its name, its row does not
// know), `switched` (the row names the copy, the file it was made of is still there).
import fs from 'node:fs';
import { openNvrDatabase } from '@nightjar/database';
import { moveToArchive } from '../../dist/retention/move-segment.js';
import { SegmentsStore } from '../../dist/segments/segments.store.js';

const [databaseUrl, fastDir, archiveDir, mark] = process.argv.slice(2);
const die = () => process.kill(process.pid, 'SIGKILL');
const store = new SegmentsStore(openNvrDatabase({ url: databaseUrl, connectionsMax: 1 }));
const [oldest] = await store.listOnFast({ endedBefore: new Date(), limit: 1 });
const settleTier = async (...request) => {
  if (mark === 'named') die();
  const tier = await store.settleTier(...request);
  if (mark === 'switched') die();
  return tier;
};
// Asked between two chunks of the copy.
let asked = 0;
const signal = { throwIfAborted: () => void (mark === 'copying' && ++asked === 2 && die()) };
await moveToArchive(oldest, { fastDir, archiveDir, store: { settleTier }, signal });
fs.writeSync(2, `the mark ${mark} was not met\n`);
process.exit(1);
