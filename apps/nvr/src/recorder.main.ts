import { setFlagsFromString } from 'node:v8';
import { runProcess } from '@nightjar/runtime';
import { readRecorderConfig } from './config.js';
import { startRecorder } from './start-recorder.js';

// Video passes through in buffers that live for a second; by default V8 looks through all of its heap each time that some megabytes of
// them have come, which took half of this process' CPU. Now it does so when what is held has doubled.
setFlagsFromString('--heap-growing-percent=100');

await runProcess('nvr recorder', async (context) => {
  await startRecorder(context, readRecorderConfig());
});
