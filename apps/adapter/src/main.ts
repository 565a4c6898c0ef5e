import { runProcess } from '@nightjar/runtime';
import { startAdapter } from './adapter.js';
import { readConfig } from './config.js';

await runProcess('adapter', async (context) => {
  await startAdapter(context, readConfig());
});
