import { runProcess } from '@nightjar/runtime';
import { readConfig } from './config.js';
import { startGateway } from './gateway.js';

await runProcess('gateway', async (context) => {
  await startGateway(context, readConfig());
});
