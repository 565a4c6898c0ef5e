import { runProcess } from '@nightjar/runtime';
import { readApiConfig } from './config.js';
import { startApi } from './start-api.js';

await runProcess('nvr', async (context) => {
  await startApi(context, readApiConfig());
});
