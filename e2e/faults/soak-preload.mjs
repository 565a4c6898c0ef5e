// Loaded into a service before its own code (`--expose-gc --import`): every ten seconds, after a full collection, a line with what is still
// held goes to the file that SOAK_FILE names. What is left after a collection grows only when something is kept.
import fs from 'node:fs';

const file = process.env.SOAK_FILE;
delete process.env.SOAK_FILE;
const everyMs = 10_000;

setInterval(() => {
  global.gc();
  const { arrayBuffers, heapUsed, rss } = process.memoryUsage();
  const handles = fs.readdirSync('/proc/self/fd').length;
  fs.appendFileSync(file, `${JSON.stringify({ atMs: Math.round(performance.now()), rss, heapUsed, arrayBuffers, handles })}\n`);
}, everyMs).unref();
