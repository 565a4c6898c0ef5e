import { runProcess } from '@nightjar/runtime';
import { readRecorderConfig } from './config.js';
import { startRecorder } from './start-recorder.js';

await runProcess('nvr recorder', async (context) => {
  await startRecorder(context, readRecorderConfig());
});
