import { runProcess } from '@nightjar/runtime';
import { startAgent } from './agent.js';
import { readConfig } from './config.js';

await runProcess('agent', async (context) => {
  await startAgent(context, readConfig());
});
