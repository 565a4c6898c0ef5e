// A process that does nothing: how late its event loop is, is the machine's doing.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerMessages } from './answer-messages.mjs';

// As the adapter's own gauge.
const resolutionMs = 100;
const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();
answerMessages(async () => {
  const p99Ms = Math.max(0, delays.percentile(99) / 1e6 - resolutionMs);
  delays.reset();
  return { p99Ms };
});
